"""Where relative specifiers, packages of the run time and external packages lead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.ecmascript_tree import answer, files, resolve, target

from prism.domain.facts.runs import Resolution


@pytest.mark.parametrize(
    ("specifier", "found"),
    [
        ("./a", "src/a.ts"),
        ("./view", "src/view.tsx"),
        ("../lib/b", "lib/b.js"),
        ("./data", "src/data.json"),
        ("./part", "src/part.vue"),
    ],
)
def test_an_extension_may_be_left_out(specifier: str, found: str) -> None:
    tree = files("src/a.ts", "src/view.tsx", "lib/b.js", "src/data.json", "src/part.vue")
    assert target(specifier, tree) == found


def test_typescript_prefers_typescript_and_javascript_prefers_javascript() -> None:
    tree = files("src/a.ts", "src/a.js")
    assert target("./a", tree, "src/main.ts") == "src/a.ts"
    assert target("./a", tree, "src/main.js") == "src/a.js"


@pytest.mark.parametrize(
    ("specifier", "found"),
    [
        ("./a.js", "src/a.ts"),
        ("./view.js", "src/view.tsx"),
        ("./view.jsx", "src/view.tsx"),
        ("./m.mjs", "src/m.mts"),
        ("./c.cjs", "src/c.cts"),
        ("./only.js", "src/only.js"),
    ],
)
def test_a_written_extension_may_mean_the_typescript_source(specifier: str, found: str) -> None:
    tree = files("src/a.ts", "src/view.tsx", "src/m.mts", "src/c.cts", "src/only.js")
    assert target(specifier, tree) == found


def test_a_javascript_importer_gets_the_file_it_names() -> None:
    assert target("./a.js", files("src/a.ts", "src/a.js"), "src/main.js") == "src/a.js"


def test_build_output_that_names_its_source_means_the_output_beside_it() -> None:
    tree = files("dist/a.js", "dist/a.d.ts", "dist/b.d.ts", "src/a.ts", "src/b.ts")
    assert target("./a.ts", tree, "dist/main.d.ts") == "dist/a.js"
    assert target("./b.ts", tree, "dist/main.d.ts") == "dist/b.d.ts"


def test_an_implementation_wins_over_the_declarations_beside_it() -> None:
    assert target("./a", files("src/a.d.ts", "src/a.js")) == "src/a.js"
    assert target("./a.js", files("src/a.d.ts", "src/a.js")) == "src/a.js"


def test_declarations_alone_are_an_answer() -> None:
    assert target("./a", files("src/a.d.ts")) == "src/a.d.ts"
    assert target("./a.js", files("src/a.d.ts")) == "src/a.d.ts"


@pytest.mark.parametrize("specifier", ["./parts", "./parts/", "./parts/index.js"])
def test_a_folder_means_its_index(specifier: str) -> None:
    assert target(specifier, files("src/parts/index.ts")) == "src/parts/index.ts"


def test_a_file_wins_over_a_folder_of_its_name() -> None:
    assert target("./parts", files("src/parts.ts", "src/parts/index.ts")) == "src/parts.ts"


@pytest.mark.parametrize(("specifier", "found"), [(".", "src/index.ts"), ("..", "index.ts")])
def test_dots_alone_are_folders(specifier: str, found: str) -> None:
    assert target(specifier, files("src/index.ts", "index.ts")) == found


def test_a_folder_with_a_manifest_means_its_main_file() -> None:
    tree = {"src/part/package.json": '{"main": "lib/entry"}', "src/part/lib/entry.js": ""}
    assert target("./part", tree) == "src/part/lib/entry.js"


@pytest.mark.parametrize(
    "specifier", ["./style.css", "./style.css?inline", "!!raw-loader!./style.css"]
)
def test_an_asset_is_found_whatever_a_bundler_is_told(specifier: str) -> None:
    assert target(specifier, files("src/style.css")) == "src/style.css"


def test_build_output_that_is_not_there_means_its_source() -> None:
    tree = {"package.json": "{}", "src/cli.ts": ""}
    assert target("../dist/cli.js", tree, "bin/run.js") == "src/cli.ts"


def test_build_output_that_is_there_is_what_was_asked_for() -> None:
    tree = {"package.json": "{}", "src/cli.ts": "", "dist/cli.js": ""}
    assert target("../dist/cli.js", tree, "bin/run.js") == "dist/cli.js"


def test_a_missing_file_outside_of_build_output_is_missing() -> None:
    tree = {"package.json": "{}", "src/cli.ts": ""}
    assert answer("./cli", tree, "run.ts").status == Resolution.UNRESOLVED


@pytest.mark.parametrize(
    ("specifier", "reason"),
    [
        ("./gone", "no file 'src/gone' in the tree"),
        ("../../x", "'../../x' leaves the repository"),
        ("/x", "an absolute path, and no such file from the package's or tree's root"),
        ("virtual:pwa", "only a bundler or another run time knows 'virtual:' modules"),
        ("@/x", "no alias, import map or package fits '@/x'"),
        ("#x", "no alias, import map or package fits '#x'"),
    ],
)
def test_what_is_not_found_says_why(specifier: str, reason: str) -> None:
    found = answer(specifier, {})
    assert (found.status, found.reason) == (Resolution.UNRESOLVED, reason)


def test_a_path_made_at_run_time_is_not_guessed() -> None:
    (found,) = resolve({"a.js": "import(`./locale/${name}.js`)"}, "a.js")
    assert found.reason == "the path is made at run time"


def test_an_absolute_path_starts_at_the_package() -> None:
    tree = {"app/package.json": "{}", "app/src/x.ts": "", "src/x.ts": ""}
    assert target("/src/x", tree, "app/src/main.ts") == "app/src/x.ts"


@pytest.mark.parametrize("specifier", ["fs", "node:fs", "fs/promises", "node:test", "bun:test"])
def test_modules_of_the_run_time_are_the_standard_library(specifier: str) -> None:
    assert answer(specifier, {}).status == Resolution.STDLIB


@pytest.mark.parametrize(
    ("specifier", "distribution"),
    [
        ("react", "react"),
        ("react/jsx-runtime", "react"),
        ("@scope/pkg", "@scope/pkg"),
        ("@scope/pkg/deep/x.js", "@scope/pkg"),
        ("punycode/", "punycode"),
        ("npm:chalk@5", "chalk"),
        ("jsr:@std/path@1", "@std/path"),
        ("https://esm.example/x.js", "esm.example"),
    ],
)
def test_other_packages_are_external(specifier: str, distribution: str) -> None:
    found = answer(specifier, {})
    assert (found.status, found.distribution) == (Resolution.EXTERNAL, distribution)


def test_an_alias_of_a_dependency_gives_the_real_name() -> None:
    tree = {"package.json": '{"dependencies": {"old": "npm:@new/name@^2"}}'}
    assert answer("old/x", tree).distribution == "@new/name"


@settings(max_examples=60)
@given(st.text(max_size=30), st.sampled_from(["import", "require"]))
def test_every_specifier_gets_an_answer(specifier: str, word: str) -> None:
    quoted = "'" + specifier.replace("\\", "").replace("'", "").replace("\n", "") + "'"
    text = f"import {quoted}" if word == "import" else f"require({quoted})"
    tree = {"a/b.ts": text, "c.ts": "", "package.json": '{"imports": {"#*": "./*"}}'}
    for found in resolve(tree, "a/b.ts"):
        assert found.status in set(Resolution)
        assert bool(found.target) == (found.status == Resolution.INTERNAL)
        assert bool(found.reason) == (found.status == Resolution.UNRESOLVED)
