"""tsconfig.json: paths, baseUrl, extends, references."""

import json

from tests.support.ecmascript_tree import answer, files, target

from prism.domain.facts.runs import Resolution


def _config(**options: object) -> str:
    return json.dumps({"compilerOptions": options})


def test_a_star_in_paths_carries_the_rest() -> None:
    tree = {"tsconfig.json": _config(paths={"@/*": ["./src/*"]}), "src/a/b.ts": ""}
    assert target("@/a/b", tree) == "src/a/b.ts"


def test_an_exact_alias_wins_and_then_the_longest_prefix() -> None:
    paths = {"@/*": ["./one/*"], "@/deep/*": ["./two/*"], "@/deep/x": ["./three.ts"]}
    tree = files("one/deep/x.ts", "two/x.ts", "two/y.ts", "three.ts")
    tree["tsconfig.json"] = _config(paths=paths)
    assert target("@/deep/x", tree) == "three.ts"
    assert target("@/deep/y", tree) == "two/y.ts"


def test_targets_of_an_alias_are_tried_in_order() -> None:
    tree = {"tsconfig.json": _config(paths={"@/*": ["./gone/*", "./src/*"]}), "src/a.ts": ""}
    assert target("@/a", tree) == "src/a.ts"


def test_an_alias_into_build_output_means_the_source() -> None:
    tree = files("packages/core/src/index.ts")
    tree["tsconfig.json"] = _config(paths={"@app/core": ["./packages/core/dist"]})
    tree["packages/core/package.json"] = "{}"
    assert target("@app/core", tree) == "packages/core/src/index.ts"


def test_paths_are_relative_to_base_url() -> None:
    tree = {"tsconfig.json": _config(baseUrl="src", paths={"~/*": ["app/*"]}), "src/app/a.ts": ""}
    assert target("~/a", tree) == "src/app/a.ts"


def test_base_url_makes_bare_names_files() -> None:
    tree = {"tsconfig.json": _config(baseUrl="./src"), "src/components/a.tsx": ""}
    assert target("components/a", tree) == "src/components/a.tsx"


def test_base_url_does_not_hide_modules_of_the_run_time() -> None:
    tree = {"tsconfig.json": _config(baseUrl="."), "fs.ts": ""}
    assert answer("fs", tree).status == Resolution.STDLIB


def test_paths_may_hide_modules_of_the_run_time_by_name_only() -> None:
    tree = {"tsconfig.json": _config(paths={"fs": ["./fs.ts"]}), "fs.ts": ""}
    assert target("fs", tree) == "fs.ts"
    tree["tsconfig.json"] = _config(paths={"*": ["./*"]})
    assert answer("fs", tree).status == Resolution.STDLIB


def test_comments_and_trailing_commas_are_read() -> None:
    text = """\ufeff{ // the whole
      "compilerOptions": { /* "paths": {}, */ "paths": {"@/*": ["./src/*",],}, }, }"""
    assert target("@/a", {"tsconfig.json": text, "src/a.ts": ""}) == "src/a.ts"


def test_inherited_paths_are_relative_to_the_file_that_has_them() -> None:
    tree = {
        "config/tsconfig.base.json": _config(paths={"@/*": ["../src/*"]}),
        "app/tsconfig.json": '{"extends": "../config/tsconfig.base"}',
        "src/a.ts": "",
    }
    assert target("@/a", tree, "app/main.ts") == "src/a.ts"


def test_config_dir_is_that_of_the_last_file() -> None:
    tree = {
        "tsconfig.base.json": _config(paths={"@/*": ["${configDir}/src/*"]}),
        "app/tsconfig.json": '{"extends": "../tsconfig.base.json"}',
        "app/src/a.ts": "",
    }
    assert target("@/a", tree, "app/src/main.ts") == "app/src/a.ts"


def test_of_several_bases_the_last_one_counts() -> None:
    tree = {
        "one.tsconfig.json": _config(paths={"@/*": ["./one/*"]}),
        "two.tsconfig.json": _config(paths={"@/*": ["./two/*"]}),
        "tsconfig.json": '{"extends": ["./one.tsconfig.json", "./two.tsconfig.json"]}',
        "one/a.ts": "",
        "two/a.ts": "",
    }
    assert target("@/a", tree) == "two/a.ts"


def test_a_base_may_be_a_package_of_the_workspace() -> None:
    tree = {
        "package.json": '{"workspaces": ["packages/*"]}',
        "packages/tsconfig/package.json": '{"name": "@repo/tsconfig"}',
        "packages/tsconfig/base.json": _config(paths={"@/*": ["${configDir}/src/*"]}),
        "packages/app/package.json": '{"name": "app"}',
        "packages/app/tsconfig.json": '{"extends": "@repo/tsconfig/base.json"}',
        "packages/app/src/a.ts": "",
    }
    assert target("@/a", tree, "packages/app/src/main.ts") == "packages/app/src/a.ts"


def test_a_base_that_is_missing_is_named() -> None:
    tree = {"tsconfig.json": '{"extends": "./.nuxt/tsconfig.json"}'}
    reason = "tsconfig.json extends './.nuxt/tsconfig.json', which the tree has not"
    assert answer("~/a", tree).reason.endswith(reason)
    assert answer("undeclared", tree).reason.endswith(reason)


def test_a_base_from_outside_brings_no_aliases() -> None:
    tree = {"tsconfig.json": '{"extends": "@tsconfig/node20/tsconfig.json"}'}
    assert answer("undeclared", tree).status == Resolution.EXTERNAL


def test_what_a_package_declares_is_external_even_if_a_base_is_missing() -> None:
    tree = {
        "tsconfig.json": '{"extends": "./gone.json"}',
        "package.json": '{"devDependencies": {"declared": "1"}}',
    }
    assert answer("declared", tree).status == Resolution.EXTERNAL


def test_bases_in_a_circle_end() -> None:
    tree = {
        "tsconfig.json": '{"extends": "./tsconfig.b.json"}',
        "tsconfig.b.json": '{"extends": "./tsconfig.json", "compilerOptions": {"baseUrl": "src"}}',
        "src/a.ts": "",
    }
    assert target("a", tree) == "src/a.ts"


def test_the_nearest_configuration_counts() -> None:
    tree = {
        "tsconfig.json": _config(paths={"@/*": ["./src/*"]}),
        "app/tsconfig.json": _config(paths={"@/*": ["./lib/*"]}),
        "src/a.ts": "",
        "app/lib/a.ts": "",
    }
    assert target("@/a", tree, "app/main.ts") == "app/lib/a.ts"
    assert target("@/a", tree, "main.ts") == "src/a.ts"


def test_a_solution_hands_over_to_the_reference_that_covers_the_file() -> None:
    tree = {
        "tsconfig.json": json.dumps(
            {
                "files": [],
                "references": [{"path": "./tsconfig.node.json"}, {"path": "./tsconfig.app.json"}],
            }
        ),
        "tsconfig.node.json": json.dumps(
            {"include": ["vite.config.ts"], "compilerOptions": {"paths": {"@/*": ["./node/*"]}}}
        ),
        "tsconfig.app.json": json.dumps(
            {"include": ["src"], "compilerOptions": {"paths": {"@/*": ["./src/*"]}}}
        ),
        "src/a.ts": "",
        "node/a.ts": "",
    }
    assert target("@/a", tree, "src/main.ts") == "src/a.ts"
    assert target("@/a", tree, "vite.config.ts") == "node/a.ts"


def test_javascript_has_jsconfig() -> None:
    tree = {"jsconfig.json": _config(baseUrl="src"), "src/a.js": ""}
    assert target("a", tree, "src/deep/main.js") == "src/a.js"


def test_a_configuration_that_cannot_be_read_is_named() -> None:
    assert "tsconfig.json cannot be read" in answer("@/a", {"tsconfig.json": "{"}).reason
