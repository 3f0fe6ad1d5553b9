"""Which language a file is written in: by its name, its extension, its first line, its content."""

import re
from collections.abc import Callable

#: Language -> extensions and whole names (those without a leading dot), lower case.
_NAMES: dict[str, str] = {
    "ada": ".adb .ads",
    "assembly": ".asm .s",
    "astro": ".astro",
    "batch": ".bat .cmd",
    "c": ".c",
    "c-sharp": ".cs .csx",
    "clojure": ".clj .cljs .cljc .edn",
    "cmake": ".cmake cmakelists.txt",
    "cobol": ".cob .cbl",
    "coffeescript": ".coffee",
    "common-lisp": ".lisp .lsp .cl",
    "cpp": ".cpp .cc .cxx .c++ .hpp .hh .hxx .h++ .ipp .tpp .ixx",
    "crystal": ".cr",
    "css": ".css",
    "csv": ".csv .tsv",
    "cuda": ".cu .cuh",
    "cython": ".pyx .pxd .pxi",
    "d": ".d",
    "dart": ".dart",
    "dockerfile": ".dockerfile dockerfile containerfile",
    "elixir": ".ex .exs",
    "elm": ".elm",
    "emacs-lisp": ".el",
    "erlang": ".erl .hrl .escript rebar.config",
    "f-sharp": ".fsi .fsx",
    "fish": ".fish",
    "fortran": ".f .f77 .f90 .f95 .f03 .f08 .for",
    "glsl": ".glsl .vert .frag .geom",
    "go": ".go",
    "go-module": "go.mod go.work",
    "gradle": ".gradle",
    "graphql": ".graphql .gql",
    "groovy": ".groovy jenkinsfile",
    "haskell": ".hs .lhs",
    "hcl": ".tf .tfvars .hcl",
    "html": ".html .htm .xhtml",
    "ini": ".ini .cfg .conf .properties .editorconfig .gitconfig .gitmodules setup.cfg",
    "java": ".java",
    "javascript": ".js .mjs .cjs .jsx .es6 jakefile",
    "json": ".json .jsonc .json5 .geojson .webmanifest .babelrc .eslintrc .prettierrc "
    "pipfile.lock composer.lock",
    "julia": ".jl",
    "jupyter": ".ipynb",
    "kotlin": ".kt .kts",
    "latex": ".tex .sty .bib",
    "less": ".less",
    "lua": ".lua",
    "makefile": ".mk .mak makefile gnumakefile",
    "markdown": ".md .markdown .mdx",
    "meson": "meson.build meson_options.txt",
    "nim": ".nim .nims",
    "nix": ".nix",
    "objective-c": ".mm",
    "ocaml": ".ml .mli",
    "pascal": ".pas .dpr .lpr",
    "perl": ".pm .pl .t",
    "php": ".php .phtml .php3 .php4 .php5",
    "powershell": ".ps1 .psm1 .psd1",
    "prolog": ".pro .prolog",
    "protobuf": ".proto",
    "puppet": ".pp",
    "python": ".py .pyi .pyw .wsgi sconstruct sconscript wscript",
    "r": ".r .rmd",
    "racket": ".rkt",
    "restructuredtext": ".rst",
    "ruby": ".rb .rake .gemspec .ru .podspec gemfile rakefile podfile vagrantfile brewfile",
    "rust": ".rs",
    "sass": ".sass",
    "scala": ".scala .sc .sbt",
    "scheme": ".scm .ss",
    "scss": ".scss",
    "shell": ".sh .bash .zsh .ksh .bashrc .zshrc .profile .bash_profile .envrc pkgbuild",
    "solidity": ".sol",
    "sql": ".sql .psql .ddl",
    "starlark": ".bzl .bazel .star build workspace tiltfile",
    "svelte": ".svelte",
    "swift": ".swift",
    "tcl": ".tcl",
    "text": ".txt .text license copying notice authors readme changelog",
    "toml": ".toml pipfile cargo.lock poetry.lock uv.lock",
    "tsx": ".tsx",
    "typescript": ".ts .mts .cts",
    "vhdl": ".vhd .vhdl",
    "viml": ".vim .vimrc",
    "visual-basic": ".vb .vbs .bas",
    "vue": ".vue",
    "wat": ".wat",
    "xml": ".xml .xsd .xsl .xslt .wsdl .svg .plist .csproj .vbproj .fsproj .resx .xaml .pom",
    "yaml": ".yaml .yml",
    "zig": ".zig .zon",
}
_SHEBANGS = {
    "ash": "shell",
    "bash": "shell",
    "bun": "typescript",
    "csh": "shell",
    "dash": "shell",
    "deno": "typescript",
    "elixir": "elixir",
    "escript": "erlang",
    "fish": "fish",
    "groovy": "groovy",
    "julia": "julia",
    "ksh": "shell",
    "lua": "lua",
    "luajit": "lua",
    "make": "makefile",
    "node": "javascript",
    "nodejs": "javascript",
    "osascript": "applescript",
    "perl": "perl",
    "php": "php",
    "pwsh": "powershell",
    "pypy": "python",
    "python": "python",
    "rscript": "r",
    "ruby": "ruby",
    "runhaskell": "haskell",
    "sh": "shell",
    "tclsh": "tcl",
    "ts-node": "typescript",
    "tsx": "typescript",
    "wish": "tcl",
    "zsh": "shell",
}
_VERSION = re.compile(r"[\d.]+\Z")
_CPP = re.compile(
    rb"^\s*(?:class\s+\w|namespace\s*[\w{]|template\s*<|using\s+\w|(?:public|private|protected):"
    rb"|#\s*include\s*<(?:string|vector|map|memory|iostream|functional|cstd\w+)>)|\w::\w",
    re.MULTILINE,
)
_OBJECTIVE_C = re.compile(
    rb"^\s*(?:@(?:interface|implementation|protocol|class|import)\b|#import)", re.M
)
_PROLOG = re.compile(rb"^\s*(?::-|\w+\([^)]*\)\s*:-)", re.MULTILINE)
_VERILOG = re.compile(rb"^\s*(?:module\s+\w+\s*[(;#]|`timescale|endmodule)", re.MULTILINE)
_COQ = re.compile(rb"^\s*(?:Require|Theorem|Lemma|Definition|Inductive)\b", re.MULTILINE)
_PASCAL = re.compile(rb"^\s*(?:unit|program|library)\s+\w+\s*;", re.MULTILINE | re.IGNORECASE)
_GLSL = re.compile(rb"^\s*(?:#version\b|void\s+main\s*\(|(?:uniform|varying)\s)", re.MULTILINE)


def _c_header(head: bytes) -> str:
    if _OBJECTIVE_C.search(head):
        return "objective-c"
    return "cpp" if _CPP.search(head) else "c"


def _m(head: bytes) -> str:
    return "objective-c" if _OBJECTIVE_C.search(head) or b"#include" in head else "matlab"


def _ts(head: bytes) -> str:
    return "xml" if head.lstrip().startswith((b"<?xml", b"<!DOCTYPE TS", b"<TS")) else "typescript"


def _pl(head: bytes) -> str:
    if b"use strict" in head or b"use warnings" in head or head.startswith(b"#!"):
        return "perl"
    return "prolog" if _PROLOG.search(head) else "perl"


def _v(head: bytes) -> str:
    if _VERILOG.search(head):
        return "verilog"
    return "coq" if _COQ.search(head) else "v"


def _pp(head: bytes) -> str:
    return "pascal" if _PASCAL.search(head) else "puppet"


def _fs(head: bytes) -> str:
    return "glsl" if _GLSL.search(head) else "f-sharp"


def _inc(head: bytes) -> str:
    return "php" if b"<?php" in head else ""


#: Extensions that several languages share: the content decides.
_BY_CONTENT: dict[str, Callable[[bytes], str]] = {
    ".fs": _fs,
    ".h": _c_header,
    ".inc": _inc,
    ".m": _m,
    ".pl": _pl,
    ".pp": _pp,
    ".ts": _ts,
    ".v": _v,
}
_LANGUAGE_OF = {name: language for language, names in _NAMES.items() for name in names.split()}
#: Names whose end says nothing: what comes before it decides ('config.yml.example').
_SUFFIXES = (".example", ".sample", ".template", ".dist", ".in", ".orig")


def detect(path: str, head: bytes) -> str:
    """The language of the file at *path*, '' if unknown. *head*: its first bytes, b'' if unread."""
    name = path.rpartition("/")[2].lower()
    found = _by_name(name, head)
    if found:
        return found
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return _by_name(name.removesuffix(suffix), head)
    return _by_first_line(head)


def _by_name(name: str, head: bytes) -> str:
    whole = _LANGUAGE_OF.get(name) if not name.startswith(".") else None
    if whole:
        return whole
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return ""
    extension = f".{extension}"
    by_content = _BY_CONTENT.get(extension)
    if by_content is not None and stem:
        return by_content(head)
    if stem.startswith("dockerfile") or name.startswith("dockerfile."):
        return "dockerfile"
    return _LANGUAGE_OF.get(extension, "")


def _by_first_line(head: bytes) -> str:
    """By a ``#!`` line, or by how a document of a known kind must begin."""
    first = head.split(b"\n", 1)[0][:200].decode("latin-1").strip()
    if first.startswith("#!"):
        return _by_shebang(first[2:])
    if first.startswith("<?php"):
        return "php"
    if first.startswith("<?xml"):
        return "xml"
    if first.lower().startswith("<!doctype html"):
        return "html"
    return ""


def _by_shebang(line: str) -> str:
    words = line.split()
    if not words:
        return ""
    program = words[0].rpartition("/")[2]
    if program == "env":  # /usr/bin/env -S NAME=value python3 -u
        rest = (word for word in words[1:] if not word.startswith("-") and "=" not in word)
        program = next(rest, "").rpartition("/")[2]
    program = program.lower()
    return _SHEBANGS.get(program) or _SHEBANGS.get(_VERSION.sub("", program), "")
