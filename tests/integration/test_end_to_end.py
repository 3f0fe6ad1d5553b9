"""A repository goes in, an index and a blueprint come out: in the foreground and by the worker."""

import json
import re
from pathlib import Path

import pytest
from tests.support.command_line import CommandLine
from tests.support.git_server import git_server
from tests.support.repositories import CommitSpec, git, make_repository

TOKEN = "token-0123456789abcdef"
KEY = "5a" * 32
#: A package with a cycle a -> b -> c -> a, a facade, a test, and a file that does not parse.
FILES = {
    "README.md": "# Shop\n\nSells things.\n\n## Layout\n\nAll in one package.\n",
    "pyproject.toml": "[project]\nname = 'shop'\n",
    "src/shop/__init__.py": "from shop.a import A\n",
    "src/shop/a.py": '"""Alpha."""\nfrom shop import b\n\n\nclass A:\n    def go(self):\n'
    "        return b.B()\n",
    "src/shop/b.py": "from shop.c import C\n\n\nclass B(C):\n    pass\n",
    "src/shop/c.py": "class C:\n    def late(self):\n        from shop.a import A\n"
    "        return A\n",
    "src/shop/broken.py": "def f(:\n",
    "tests/test_a.py": "from shop.a import A\n\n\ndef test_a():\n    assert A\n",
    "web/index.ts": 'import { two } from "./util.js";\nexport const one = two;\n',
    "web/util.ts": "export const two = 2;\n",
    "vendor/lib.js": "export function f() {}\n",
}


@pytest.fixture(params=["sqlite", "postgres"])
def prism(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    if request.param == "sqlite":
        return CommandLine(request.getfixturevalue("sqlite_directory"), cwd=tmp_path)
    url = request.getfixturevalue("postgres_database")
    return CommandLine(tmp_path / "data", {"PRISM_DATABASE_URL": url}, cwd=tmp_path)


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The path of a repository of three commits, named ``shop``."""
    make_repository(
        tmp_path / "shop",
        FILES,
        CommitSpec({"src/shop/c.py": FILES["src/shop/c.py"] + "\n\nX = 1\n"}, "Fix a bug"),
        CommitSpec({"src/shop/a.py": FILES["src/shop/a.py"] + "\n\nY = 1\n"}, "Add Y"),
        work_tree=True,
    )
    return "shop"


def test_index_reads_the_commit_and_not_the_work_tree(prism: CommandLine, shop: str) -> None:
    (Path(prism.cwd or "") / shop / "src/shop/new.py").write_text("import shop.a\n")
    before = git(Path(prism.cwd or "") / shop, "status", "--porcelain")
    answer = prism("index", shop, "--json").expect(0)
    assert "uncommitted changes are not read" in answer.err
    prism("deps", shop, "src/shop/new.py").expect(3)
    assert git(Path(prism.cwd or "") / shop, "status", "--porcelain") == before


def test_the_index_holds_what_the_repository_has(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    symbols = prism("symbols", shop, "A", "--json").expect(0).json["symbols"]
    assert [(s["path"], s["qualname"], s["line"]) for s in symbols] == [("src/shop/a.py", "A", 5)]
    edges = prism("graph", shop, "--format", "json", "--graph", "run").expect(0).json["edges"]
    pairs = {(e["source"], e["target"], e["timing"]) for e in edges}
    assert ("src/shop/c.py", "src/shop/a.py", "deferred") in pairs
    assert ("src/shop/a.py", "src/shop/b.py", "eager") in pairs
    assert ("tests/test_a.py", "src/shop/a.py", "eager") in pairs
    assert ("web/index.ts", "web/util.ts", "eager") in pairs
    findings = prism("findings", shop, "--json").expect(0).json["findings"]
    cycles = [f for f in findings if f["rule"] == "import-cycle"]
    assert [sorted(f["members"]) for f in cycles] == [
        ["src/shop/a.py", "src/shop/b.py", "src/shop/c.py"]
    ]
    assert cycles[0]["graph"] == "run"


def test_the_coverage_names_what_could_not_be_read(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    status = prism("status", shop, "--json").expect(0).json["projects"][0]
    python = next(c for c in status["run"]["coverage"] if c["language"] == "python")
    assert python["with_problems"] == 1
    assert status["run"]["complete"] is True
    prism("index", shop, "--force", "--strict").expect(7)


def test_an_unchanged_commit_is_not_indexed_again(prism: CommandLine, shop: str) -> None:
    first = prism("index", shop, "--json").expect(0).json["run"]["id"]
    again = prism("index", shop, "--json").expect(0)
    assert again.json["run"]["id"] == first
    assert "nothing to do" in again.err
    assert prism("index", shop, "--json", "--force").expect(0).json["run"]["id"] != first


def test_a_blueprint_cites_lines_that_exist(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    prism("blueprint", shop, "-o", "plan.md").expect(0)
    plan = prism("blueprint", shop, "--json").expect(0).json["blueprint"]
    assert plan["phases"]
    root = Path(prism.cwd or "") / shop
    cited = [c for c in plan["citations"] if c.get("line")]
    assert cited
    for citation in cited:
        text = git(root, "show", f"HEAD:{citation['path']}").decode().splitlines()
        assert 1 <= citation["line"] <= citation["end_line"] <= len(text), citation
    markdown = (Path(prism.cwd or "") / "plan.md").read_text()
    for path, line in re.findall(r"`?((?:src|tests|web)/[\w/.]+):(\d+)", markdown):
        assert int(line) <= len(git(root, "show", f"HEAD:{path}").decode().splitlines())
    prism("verify", shop).expect(0)


def test_a_public_re_export_is_never_proposed_as_a_cut(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    facts = [json.loads(line) for line in prism("export", shop, "--canonical").out.splitlines()]
    facade = [f for f in facts if f["fact"] == "edge" and f["source"] == "src/shop/__init__.py"]
    cut = [f["source"] for f in facts if f["fact"] == "cut-edge"]
    assert [edge["facade"] for edge in facade] == [True]
    assert cut
    assert "src/shop/__init__.py" not in cut


def test_the_same_request_gives_the_same_blueprint(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    goal = ("blueprint", shop, "--goal", "untangle", "--focus", "src/shop", "-o")
    prism(*goal, "one.md").expect(0)
    prism(*goal, "two.md").expect(0)
    root = Path(prism.cwd or "")
    assert (root / "one.md").read_bytes() == (root / "two.md").read_bytes()


def test_a_private_repository_is_indexed_by_a_worker(prism: CommandLine, tmp_path: Path) -> None:
    make_repository(tmp_path / "served" / "shop", FILES, bare=True)
    with git_server(tmp_path / "served", token=TOKEN) as server:
        prism.variables |= {
            "CREDENTIAL_ENCRYPTION_KEY": KEY, "PRISM_ALLOW_PRIVATE_NETWORKS": "1",
            **server.git_environment,
        }  # fmt: skip
        credential = ("--name", "work", "--provider", "github", "--host", server.host)
        prism("credential", "add", *credential, stdin=TOKEN + "\n").expect(0)
        prism("project", "add", server.url("shop"), "--credential", "work").expect(0)
        prism("job", "add", "index", "shop").expect(0)
        prism("job", "add", "blueprint", "shop").expect(0)
        worker = prism("worker", "--once", "--log-format", "json").expect(0)
    assert all(json.loads(line)["level"] for line in worker.err.splitlines())
    assert TOKEN not in worker.err
    jobs = prism("job", "list", "--json").expect(0).json["jobs"]
    assert [job["state"] for job in jobs] == ["completed", "completed"]
    prism("verify", "shop").expect(0)
    assert list((prism.data_dir / "scratch").glob("*-*/")) == []


def test_old_jobs_are_pruned_and_what_they_published_stays(
    prism: CommandLine, tmp_path: Path
) -> None:
    make_repository(tmp_path / "shop", FILES)
    for _ in range(3):
        prism("index", "shop", "--force").expect(0)
    assert prism("job", "prune", "--older-than", "1d").expect(0).out == "0 jobs deleted\n"
    pruned = prism("job", "prune", "--older-than", "0s", "--keep", "1", "--json").expect(0)
    assert pruned.json == {"deleted": 2}
    assert len(prism("job", "list", "--json").expect(0).json["jobs"]) == 1
    assert prism("job", "prune", "--older-than", "0s", "--keep", "0").out == "1 jobs deleted\n"
    assert prism("deps", "shop", "web/index.ts", "--json").expect(0).json["uses"]


def test_a_failed_stage_is_named_and_makes_the_index_incomplete(
    prism: CommandLine, tmp_path: Path
) -> None:
    make_repository(tmp_path / "served" / "shop", FILES, bare=True)
    with git_server(tmp_path / "served") as server:
        server.refuse_history("shop")
        prism.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **server.git_environment}
        answer = prism("index", server.url("shop"), "--json").expect(7)
    assert "history did not finish" in answer.err
    stages = {stage["name"]: stage["status"] for stage in answer.json["run"]["stages"]}
    assert stages.pop("history") == "failed"
    assert set(stages.values()) == {"completed"}
    assert prism("deps", "shop", "web/index.ts", "--json").expect(0).json["uses"]
    assert "INCOMPLETE: history failed" in prism("findings", "shop").expect(0).err


def test_path_and_clone_sqlite_and_postgres_give_the_same_dump(
    sqlite_directory: Path, postgres_database: str, tmp_path: Path
) -> None:
    make_repository(tmp_path / "served" / "shop", FILES, bare=True)
    dumps = {}
    with git_server(tmp_path / "served") as server:
        for database in ("sqlite", "postgres"):
            prism = CommandLine(sqlite_directory, cwd=tmp_path)
            prism.variables |= {"PRISM_ALLOW_PRIVATE_NETWORKS": "1", **server.git_environment}
            if database == "postgres":
                prism.variables["PRISM_DATABASE_URL"] = postgres_database
            for source in ("served/shop", server.url("shop")):
                run = prism("index", source, "--json").expect(0).json
                dump = prism("export", str(run["project"]["id"]), "--canonical").expect(0).out
                dumps[database, source] = dump
    assert len(dumps) == 4
    assert len(set(dumps.values())) == 1
    assert "src/shop/a.py" in next(iter(dumps.values()))


def test_removing_a_project_leaves_nothing_of_it(prism: CommandLine, shop: str) -> None:
    prism("index", shop).expect(0)
    prism("blueprint", shop).expect(0)
    prism("project", "remove", shop).expect(0)
    prism("status", shop).expect(3)
    again = prism("index", shop, "--json").expect(0).json
    assert again["project"]["id"] > 1


def test_doctor_finds_a_fresh_installation_well(prism: CommandLine) -> None:
    checks = prism("doctor", "--json").expect(0).json["checks"]
    broken = [check for check in checks if check["status"] == "broken"]
    assert broken == []
    assert {check["name"] for check in checks} >= {"database", "git", "key", "grammars"}
