"""Stage ``resolve``: what each import stands for, and the edges between files that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.application.ports.source import (
    ImportResolver,
    Outline,
    Resolved,
    ResolverFile,
    ResolverInput,
)
from prism.domain.edges import ImportingFile, import_edges
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import ResolvedImport

#: Manifests in such files would speak for code that is not the repository's own.
_FOREIGN = frozenset({
    FileStatus.VENDORED, FileStatus.TOO_LARGE, FileStatus.SYMLINK, FileStatus.SUBMODULE,
    FileStatus.BAD_NAME, FileStatus.BINARY,
})  # fmt: skip
_Answers = dict[str, Sequence[Resolved]]


@dataclass(frozen=True, slots=True)
class ResolveImports:
    """The version grows with every change of what a resolver answers, too."""

    name: str = "resolve"
    version: int = 1
    needs: tuple[str, ...] = ("structure",)
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        answers, modules = _ask_resolvers(run)
        importing = [
            _importing(file, run.outlines[file.path], answers.get(file.path, ()))
            for file in run.indexed()
        ]
        imports = [row for file in importing for row in file.rows]
        edges = import_edges(importing)
        for path, module in modules.items():
            run.files[path] = run.files[path]._replace(module=module)
        run.write(run.writer.add_imports, imports)
        run.write(run.writer.add_edges, edges)
        run.imports, run.edges = imports, edges
        return {"imports": len(imports), "edges": sum(1 for e in edges if e.kind == "import")}


def _ask_resolvers(run: IndexRun) -> tuple[_Answers, dict[str, str]]:
    """Answers and module prefixes by path, over all families of languages."""
    paths = frozenset(
        path for path, file in run.files.items() if file.status != FileStatus.BAD_NAME
    )
    answers: _Answers = {}
    modules: dict[str, str] = {}
    for done, resolver in enumerate(run.resolvers):
        run.tell(done, len(run.resolvers))
        files = [
            ResolverFile(path=file.path, language=file.language, outline=run.outlines[file.path])
            for file in run.indexed()
            if file.language in resolver.languages
        ]
        if files:
            given = ResolverInput(paths=paths, files=files, manifests=_manifests(run, resolver))
            modules.update(resolver.module_names(given))
            answers.update(resolver.resolve(given))
    return answers, modules


def _manifests(run: IndexRun, resolver: ImportResolver) -> dict[str, str]:
    """Text of the files that *resolver* asks for; those that cannot be read are left out."""
    wanted = [
        file
        for file in run.files.values()
        if file.status not in _FOREIGN and resolver.wants(file.path)
    ]
    blobs = run.checkout.blobs([file.blob for file in wanted])
    return {
        file.path: blob.data.decode("utf-8", "replace")
        for file, blob in zip(wanted, blobs, strict=True)
        if blob.data is not None
    }


def _importing(file: RunFile, outline: Outline, answers: Sequence[Resolved]) -> ImportingFile:
    by_binding: Mapping[int, Resolved] = {answer.binding: answer for answer in answers}
    resolved = [
        by_binding.get(number) or _unanswered(number) for number in range(len(outline.bindings))
    ]
    rows = [
        ResolvedImport(
            path=file.path,
            binding=number,
            line=binding.line,
            module=binding.module,
            imported=binding.imported,
            local=binding.local,
            status=answer.status,
            target=answer.target,
            home=answer.home,
            home_symbol=answer.home_symbol,
            distribution=answer.distribution,
            reason=answer.reason,
        )
        for number, (binding, answer) in enumerate(zip(outline.bindings, resolved, strict=True))
    ]
    return ImportingFile(
        path=file.path,
        language=file.language,
        scope=file.scope,
        bindings=outline.bindings,
        exports=outline.exports,
        rows=rows,
        parents=[answer.parents for answer in resolved],
    )


def _unanswered(number: int) -> Resolved:
    """No resolver knows the file's language: its imports are honest unknowns."""
    return Resolved(number, "unresolved", "", "", "", "", "no resolver for this language")
