"""Commands that read the index: status, symbols, deps, findings, graph, export."""

from typing import TYPE_CHECKING, Annotated

import typer

from prism.entrypoints.cli.options import JsonOption, ProjectArgument

if TYPE_CHECKING:
    from prism.domain.facts.runs import Run


def register(app: typer.Typer) -> None:
    for name, command in (
        ("status", status),
        ("symbols", symbols),
        ("deps", deps),
        ("findings", findings),
        ("graph", graph),
        ("export", export),
    ):
        app.command(name)(command)


def status(
    project: Annotated[
        str | None, typer.Argument(metavar="[PROJECT]", help="Default: all projects.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show projects, their current index with its stages and coverage, and their newest jobs."""
    from prism.entrypoints.cli.output import emit_json, say
    from prism.entrypoints.cli.reports import print_status
    from prism.entrypoints.cli.shapes import status_json
    from prism.entrypoints.container import opened

    with opened() as container:
        chosen = container.find_project()(project) if project else None
        statuses = container.show_status()(chosen)
        host = container.settings().host
    if as_json:
        emit_json({"projects": [status_json(each) for each in statuses]})
    elif not statuses:
        say("no projects yet: `prism index PATH` indexes one")
    else:
        for each in statuses:
            print_status(each, host=host, in_full=project is not None)


def symbols(
    project: ProjectArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A name, or a dotted end of one.")
    ] = None,
    path: Annotated[str | None, typer.Option("--path", help="Only those of this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List symbols of the current index: all of them, or those with a name."""
    from prism.entrypoints.cli.output import emit_json, emit_table
    from prism.entrypoints.cli.shapes import run_json, symbol_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.find_project()(project)
        with container.open_current_index()(found) as reader:
            rows = list(reader.symbols(name=name, path=path))
            run = reader.run
    if as_json:
        emit_json({"run": run_json(run), "symbols": [symbol_json(row) for row in rows]})
        return
    if rows:
        emit_table(
            ["KIND", "NAME", "PLACE"],
            [
                [row.symbol.kind, row.symbol.qualname, f"{row.path}:{row.symbol.start_line}"]
                for row in rows
            ],
        )
    _say_basis(run, "symbol", len(rows))


def deps(
    project: ProjectArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A path from the repository's root.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a file imports and what imports it."""
    from prism.application.queries.show_dependencies import show_dependencies
    from prism.entrypoints.cli.output import emit_json
    from prism.entrypoints.cli.reports import print_dependencies
    from prism.entrypoints.cli.shapes import edge_json, import_json, run_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.find_project()(project)
        with container.open_current_index()(found) as reader:
            answer = show_dependencies(reader, file)
            run = reader.run
    if as_json:
        emit_json(
            {
                "run": run_json(run),
                "path": answer.file.path,
                "status": answer.file.status,
                "uses": [edge_json(edge) for edge in answer.uses],
                "used_by": [edge_json(edge) for edge in answer.used_by],
                "imports": [import_json(row) for row in answer.imports],
            }
        )
    else:
        print_dependencies(answer)


def findings(
    project: ProjectArgument,
    rule: Annotated[str | None, typer.Option("--rule", help="Only findings of this rule.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the findings of the current index, with evidence, reason and confidence."""
    from prism.domain.errors import InvalidInput
    from prism.domain.findings.rules import RULES
    from prism.entrypoints.cli.output import emit_json
    from prism.entrypoints.cli.reports import print_finding
    from prism.entrypoints.cli.shapes import finding_json, run_json
    from prism.entrypoints.container import opened

    known = [each.code for each in RULES]
    if rule is not None and rule not in known:
        raise InvalidInput(f"unknown rule {rule!r}", hint=f"one of {', '.join(known)}")
    with opened() as container:
        found = container.find_project()(project)
        with container.open_current_index()(found) as reader:
            rows = [each for each in reader.findings() if rule in (None, each.rule)]
            run = reader.run
    if as_json:
        emit_json({"run": run_json(run), "findings": [finding_json(row) for row in rows]})
        return
    for row in rows:
        print_finding(row)
    _say_basis(run, "finding", len(rows))


def graph(
    project: ProjectArgument,
    output_format: Annotated[str, typer.Option("--format", help="json.")] = "json",
    kind: Annotated[
        str, typer.Option("--graph", help="load, run or all imports (see the README).")
    ] = "all",
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write there.")
    ] = None,
    as_json: JsonOption = True,
) -> None:
    """Write the import graph of the current index, as JSON."""
    del as_json  # there is no other format yet
    from prism.application.queries.show_graph import import_graph
    from prism.domain.errors import InvalidInput
    from prism.domain.facts.runs import Graph
    from prism.entrypoints.cli.output import json_text, write_output
    from prism.entrypoints.cli.shapes import edge_json, run_json
    from prism.entrypoints.container import opened

    if output_format != "json":
        raise InvalidInput(f"unknown format {output_format!r}", hint="`--format json`")
    if kind not in tuple(Graph):
        raise InvalidInput(f"unknown graph {kind!r}", hint=f"one of {', '.join(Graph)}")
    with opened() as container:
        found = container.find_project()(project)
        with container.open_current_index()(found) as reader:
            files, edges = import_graph(reader, Graph(kind))
            run = reader.run
    document = json_text(
        {
            "run": run_json(run),
            "graph": kind,
            "nodes": [
                {"id": file.path, "path": file.path, "language": file.language,
                 "module": file.module, "scope": file.scope, "lines": file.lines}
                for file in files
            ],
            "edges": [edge_json(edge) for edge in edges],
        }
    )  # fmt: skip
    write_output(document, output)


def export(
    project: ProjectArgument,
    canonical: Annotated[
        bool,
        typer.Option("--canonical", help="The comparable dump: no ids, times or durations."),
    ] = False,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write there.")
    ] = None,
    as_json: JsonOption = True,
) -> None:
    """Write every fact of the current index, one JSON object a line, in canonical order.

    The same commit gives the same bytes, whichever database and whichever way it came in.
    """
    del as_json  # there is no other format
    from prism.domain.errors import InvalidInput
    from prism.entrypoints.cli.output import write_lines
    from prism.entrypoints.container import opened

    if not canonical:
        raise InvalidInput("only the canonical dump exists", hint="add `--canonical`")
    with opened() as container:
        found = container.find_project()(project)
        with container.open_current_index()(found) as reader:
            write_lines(container.export_run()(reader), output)


def _say_basis(run: "Run", what: str, count: int) -> None:
    """Never a bare "none": what was found, and what that rests on."""
    from prism.entrypoints.cli.output import say
    from prism.entrypoints.cli.reports import coverage_sentence

    say(f"{count} {what}{'' if count == 1 else 's'} in commit {run.commit[:12]}")
    say(coverage_sentence(run))
