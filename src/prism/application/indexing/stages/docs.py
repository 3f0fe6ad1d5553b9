"""Stage ``docs``: headings of the repository's documents, and docstrings of its modules."""

from collections.abc import Iterator
from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.domain.docs import docstring_block, document_blocks, is_document
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import DocBlock

FILES_PER_LOOK = 200


@dataclass(frozen=True, slots=True)
class ReadDocs:
    """Docstrings come with the facts of the stage ``structure``; without them the documents are
    read all the same."""

    name: str = "docs"
    version: int = 1
    needs: tuple[str, ...] = ("files",)
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        documents = [
            file
            for file in run.files.values()
            if file.status == FileStatus.LISTED and is_document(file.path)
        ]
        blocks = [*_headings(run, documents), *_docstrings(run)]
        run.write(run.writer.add_docs, blocks)
        return {"documents": len(documents), "doc_blocks": len(blocks)}


def _headings(run: IndexRun, documents: list[RunFile]) -> Iterator[DocBlock]:
    blobs = run.checkout.blobs([file.blob for file in documents])
    for done, (file, blob) in enumerate(zip(documents, blobs, strict=True)):
        if done % FILES_PER_LOOK == 0:
            run.tell(done, len(documents))
        if blob.data is not None:
            yield from document_blocks(file.path, blob.data.decode("utf-8", "replace"))


def _docstrings(run: IndexRun) -> Iterator[DocBlock]:
    for path, outline in run.outlines.items():
        if outline.docstring.strip():
            yield docstring_block(path, outline.docstring)
