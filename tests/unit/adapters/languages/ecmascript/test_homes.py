"""Names through re-exports to where they are defined."""

from tests.support.ecmascript_tree import resolve, resolver_input

from prism.adapters.languages.ecmascript.resolver import EcmaScriptImportResolver

_CLASS = {"c.ts": "export class C {}\nexport default function run() {}\nexport const k = 1"}


def _home(statement: str, files: dict[str, str]) -> tuple[str, str]:
    first = resolve({**files, "main.ts": statement}, "main.ts")[0]
    return first.home, first.home_symbol


def test_a_name_lives_where_it_is_imported_from() -> None:
    assert _home('import {C} from "./c"', _CLASS) == ("c.ts", "C")


def test_a_default_has_the_name_of_what_it_is() -> None:
    assert _home('import whatever from "./c"', _CLASS) == ("c.ts", "run")


def test_a_default_of_no_name_is_called_default() -> None:
    assert _home('import d from "./d"', {"d.ts": "export default {a: 1}"}) == ("d.ts", "default")


def test_a_namespace_is_the_file() -> None:
    assert _home('import * as ns from "./c"', _CLASS) == ("c.ts", "")


def test_a_named_re_export_is_followed() -> None:
    files = {**_CLASS, "b.ts": 'export {C as D, default as go} from "./c"'}
    assert _home('import {D} from "./b"', files) == ("c.ts", "C")
    assert _home('import {go} from "./b"', files) == ("c.ts", "run")


def test_a_star_is_looked_through() -> None:
    files = {**_CLASS, "b.ts": 'export * from "./x"; export * from "./c"', "x.ts": ""}
    assert _home('import {k} from "./b"', files) == ("c.ts", "k")


def test_a_star_hands_on_no_default() -> None:
    files = {**_CLASS, "b.ts": 'export * from "./c"'}
    assert _home('import d from "./b"', files) == ("", "")


def test_a_name_of_its_own_wins_over_a_star() -> None:
    files = {**_CLASS, "b.ts": 'export * from "./c"; export const k = 2'}
    assert _home('import {k} from "./b"', files) == ("b.ts", "k")


def test_an_import_that_is_exported_is_followed() -> None:
    files = {**_CLASS, "b.ts": 'import run, {C} from "./c"; export {C, run as default}'}
    assert _home('import {C} from "./b"', files) == ("c.ts", "C")
    assert _home('import d from "./b"', files) == ("c.ts", "run")


def test_a_namespace_under_a_name_is_the_file() -> None:
    files = {**_CLASS, "b.ts": 'export * as ns from "./c"'}
    assert _home('import {ns} from "./b"', files) == ("c.ts", "")


def test_re_exports_in_a_circle_end() -> None:
    files = {"a.ts": 'export * from "./b"', "b.ts": 'export * from "./a"; export {y} from "./a"'}
    assert _home('import {x} from "./a"', files) == ("", "")
    assert _home('import {y} from "./a"', files) == ("", "")


def test_a_long_chain_of_stars_is_followed() -> None:
    files = {f"f{i}.ts": f'export * from "./f{i + 1}"' for i in range(3000)}
    files["f3000.ts"] = "export const x = 1"
    assert _home('import {x} from "./f0"', files) == ("f3000.ts", "x")


def test_what_comes_from_outside_has_no_home() -> None:
    assert _home('import {x} from "./b"', {"b.ts": 'export {x} from "react"'}) == ("", "")


def test_common_js_exports_have_homes() -> None:
    files = {"c.js": "exports.a = function () {}; exports.b = helper; function helper() {}"}
    assert _home('import {a} from "./c"', files) == ("c.js", "a")
    assert _home('import {b} from "./c"', files) == ("c.js", "helper")
    assert _home('const {b} = require("./c")', files) == ("c.js", "helper")


def test_a_required_module_is_what_it_exports_as_a_whole() -> None:
    files = {"c.js": "module.exports = create; function create() {}"}
    assert _home('const c = require("./c")', files) == ("c.js", "create")
    assert _home('import c from "./c"', files) == ("c.js", "create")


def test_a_module_that_is_another_one_hands_on_its_names() -> None:
    files = {
        "index.js": 'module.exports = require("./lib/c")',
        "lib/c.js": "exports.a = function () {}",
    }
    assert _home('import {a} from "./index"', files) == ("lib/c.js", "a")


def test_export_equals_is_the_whole() -> None:
    files = {"c.ts": "class C {}\nexport = C"}
    assert _home('import C = require("./c")', files) == ("c.ts", "C")


def test_a_json_file_is_its_own_default() -> None:
    assert _home('import data from "./d.json"', {"d.json": "{}"}) == ("d.json", "")


def test_a_module_is_named_by_its_path() -> None:
    tree = {"src/a.service.ts": "", "src/b.d.ts": "", "c.mjs": "", "d.tsx": "", "e.py": ""}
    names = EcmaScriptImportResolver().module_names(resolver_input(tree))
    assert names == {
        "src/a.service.ts": "src/a.service",
        "src/b.d.ts": "src/b",
        "c.mjs": "c",
        "d.tsx": "d",
    }


def test_only_manifests_are_read() -> None:
    wants = EcmaScriptImportResolver().wants
    wanted = ["package.json", "a/tsconfig.app.json", "jsconfig.json", "pnpm-workspace.yaml"]
    wanted += ["base.tsconfig.json", "packages/typescript-config/base.json", "lerna.json"]
    unwanted = ["a.json", "package-lock.json", "src/x.ts", "node_modules/x/package.json"]
    assert [path for path in [*wanted, *unwanted] if wants(path)] == wanted
