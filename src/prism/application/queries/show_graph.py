"""The import graph of an index as nodes and edges."""

from collections.abc import Sequence

from prism.application.ports.index_store import IndexReader
from prism.domain.facts.files import FileStatus, RunFile
from prism.domain.facts.runs import Edge, Graph, in_graph


def import_graph(reader: IndexReader, graph: Graph) -> tuple[Sequence[RunFile], Sequence[Edge]]:
    """All files with code facts, isolated ones too, and the edges of *graph* between them.

    A target without code facts (an imported style sheet, a generated module) is a node as well.
    """
    edges = [edge for edge in reader.edges() if in_graph(edge, graph)]
    ends = {end for edge in edges for end in (edge.source, edge.target)}
    files = [
        file for file in reader.files() if file.status == FileStatus.INDEXED or file.path in ends
    ]
    return files, edges
