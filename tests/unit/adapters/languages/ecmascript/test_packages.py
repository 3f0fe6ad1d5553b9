"""package.json: workspaces, exports and imports maps, entries that a build makes."""

import json

import pytest
from tests.support.ecmascript_tree import answer, resolve, target

from prism.domain.facts.runs import Resolution

_ROOT = {"package.json": '{"name": "root", "workspaces": ["packages/*"]}'}
_MAIN = "packages/app/src/main.ts"


def _member(name: str, **fields: object) -> dict[str, str]:
    return {f"packages/{name}/package.json": json.dumps({"name": f"@w/{name}", **fields})}


def test_a_package_of_the_workspace_is_in_the_tree() -> None:
    tree = {**_ROOT, **_member("core"), "packages/core/index.ts": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/index.ts"


@pytest.mark.parametrize(
    "manifest",
    [
        {"package.json": '{"workspaces": {"packages": ["packages/*"]}}'},
        {"package.json": '{"workspaces": ["./packages/{core,app}/"]}'},
        {"package.json": '{"workspaces": ["packages/**"]}'},
        {"pnpm-workspace.yaml": "packages:\n  # all\n  - 'packages/*'\n  - \"!**/test\"\n"},
        {"pnpm-workspace.yaml": 'catalog:\n  a: 1\npackages: ["packages/*"]\n'},
        {"pnpm-workspace.yaml": "packages:\n- packages/*  # no indent\nshamefullyHoist: true\n"},
        {"lerna.json": '{"packages": ["packages/*"]}'},
    ],
)
def test_workspaces_are_written_in_many_ways(manifest: dict[str, str]) -> None:
    tree = {**manifest, **_member("core"), "packages/core/index.ts": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/index.ts"


def test_a_package_that_the_workspace_leaves_out_is_external() -> None:
    tree = {**_member("core"), "packages/core/index.ts": ""}
    tree["package.json"] = '{"workspaces": ["packages/*", "!packages/core"]}'
    assert answer("@w/core", tree, _MAIN).status == Resolution.EXTERNAL


def test_a_dependency_on_a_folder_needs_no_workspace() -> None:
    tree = {
        "app/package.json": '{"dependencies": {"core": "file:../core"}}',
        "core/package.json": '{"name": "core"}',
        "core/index.js": "",
    }
    assert target("core", tree, "app/main.js") == "core/index.js"


def test_a_package_may_import_itself() -> None:
    tree = {"package.json": '{"name": "me", "main": "./dist/index.js"}', "src/index.ts": ""}
    assert target("me", tree, "test/a.ts") == "src/index.ts"


def test_a_package_of_the_workspace_hides_nothing_of_the_run_time() -> None:
    tree = {**_ROOT, "packages/fs/package.json": '{"name": "fs"}', "packages/fs/index.js": ""}
    assert answer("fs", tree, _MAIN).status == Resolution.STDLIB


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"main": "./dist/index.js"}, "src/index.ts"),
        ({"main": "dist/cjs/index.cjs", "module": "dist/esm/index.mjs"}, "src/index.tsx"),
        ({"main": "./lib/main.js", "types": "./lib/main.d.ts"}, "src/main.ts"),
        ({"main": "./dist/core.umd.min.js"}, "src/index.ts"),
        ({"main": "./dist/src/entry.js"}, "src/entry.ts"),
        ({"main": "./dist/index.js", "source": "./source/start.ts"}, "source/start.ts"),
        ({}, "index.ts"),
    ],
)
def test_an_entry_that_a_build_makes_means_its_source(fields: dict[str, str], source: str) -> None:
    tree = {**_ROOT, **_member("core", **fields), f"packages/core/{source}": ""}
    assert target("@w/core", tree, _MAIN) == f"packages/core/{source}"


def test_an_entry_that_is_there_is_taken() -> None:
    tree = {**_ROOT, **_member("core", main="lib/a.js")}
    tree |= {"packages/core/lib/a.js": "", "packages/core/src/a.ts": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/lib/a.js"


def test_a_file_of_a_package_is_asked_for_by_its_path() -> None:
    tree = {**_ROOT, **_member("core"), "packages/core/src/a.ts": ""}
    assert target("@w/core/src/a", tree, _MAIN) == "packages/core/src/a.ts"
    assert target("@w/core/dist/a.js", tree, _MAIN) == "packages/core/src/a.ts"


def test_conditions_of_an_exports_map_are_those_of_the_statement() -> None:
    exports = {".": {"require": "./c.cjs", "import": "./m.mjs"}}
    tree = {**_ROOT, **_member("core", exports=exports)}
    tree |= {"packages/core/c.cjs": "", "packages/core/m.mjs": ""}
    tree[_MAIN] = 'import a from "@w/core"; const b = require("@w/core")'
    found = [one.target for one in resolve(tree, _MAIN)]
    assert found == ["packages/core/m.mjs", "packages/core/c.cjs"]


def test_nested_conditions_and_alternatives_are_looked_through() -> None:
    exports = {".": {"node": {"import": ["./gone.js", "./here.js"]}, "default": "./other.js"}}
    tree = {**_ROOT, **_member("core", exports=exports)}
    tree |= {"packages/core/here.js": "", "packages/core/other.js": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/here.js"


def test_what_is_loaded_comes_before_its_types() -> None:
    exports = {".": {"types": "./types/a.d.ts", "default": "./a.js"}}
    tree = {**_ROOT, **_member("core", exports=exports)}
    tree |= {"packages/core/types/a.d.ts": "", "packages/core/a.js": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/a.js"


def test_types_that_are_the_source_are_better_than_nothing() -> None:
    exports = {".": {"types": "./src/start.ts", "default": "./dist/start-bundle.js"}}
    tree = {**_ROOT, **_member("core", exports=exports), "packages/core/src/start.ts": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/src/start.ts"


def test_a_condition_of_its_own_leads_to_the_source() -> None:
    exports = {".": {"@w/source": "./src/start.ts", "default": "./dist/bundle.js"}}
    tree = {**_ROOT, **_member("core", exports=exports), "packages/core/src/start.ts": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/src/start.ts"


def test_a_subpath_pattern_carries_the_rest() -> None:
    exports = {"./*": "./dist/*.js", "./deep/*": "./dist/d/*.js", "./one": "./dist/single.js"}
    tree = {**_ROOT, **_member("core", exports=exports)}
    for name in ("a/b", "d/c", "single"):
        tree[f"packages/core/src/{name}.ts"] = ""
    assert target("@w/core/a/b", tree, _MAIN) == "packages/core/src/a/b.ts"
    assert target("@w/core/deep/c", tree, _MAIN) == "packages/core/src/d/c.ts"
    assert target("@w/core/one", tree, _MAIN) == "packages/core/src/single.ts"


def test_an_exports_map_may_be_one_text() -> None:
    tree = {**_ROOT, **_member("core", exports="./x.js"), "packages/core/x.js": ""}
    assert target("@w/core", tree, _MAIN) == "packages/core/x.js"


def test_a_package_without_a_source_says_where_it_leads() -> None:
    tree = {**_ROOT, **_member("core", main="./dist/bundle.js")}
    assert answer("@w/core", tree, _MAIN).reason == (
        "packages/core/package.json leads to ./dist/bundle.js, "
        "and the tree has no file or source for it"
    )


def test_names_with_a_hash_go_by_the_imports_map() -> None:
    imports = {"#db": {"node": "./src/db.ts"}, "#lib/*": "./dist/lib/*.js", "#dep": "left-pad"}
    tree = {"package.json": json.dumps({"imports": imports})}
    tree |= {"src/db.ts": "", "src/lib/a.ts": ""}
    assert target("#db", tree) == "src/db.ts"
    assert target("#lib/a", tree) == "src/lib/a.ts"
    assert answer("#dep", tree).distribution == "left-pad"


def test_a_manifest_that_cannot_be_read_is_no_package() -> None:
    assert answer("x", {"package.json": "{"}).status == Resolution.EXTERNAL


def test_node_modules_in_the_tree_stay_external() -> None:
    tree = {"node_modules/x/package.json": '{"name": "x"}', "node_modules/x/index.js": ""}
    assert answer("x", tree).status == Resolution.EXTERNAL
