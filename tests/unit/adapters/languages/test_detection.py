"""Languages by name, first line and content."""

import pytest

from prism.adapters.languages.detection import detect
from prism.adapters.languages.registry import LANGUAGES


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("A.PY", "python"),
        ("stubs/x.pyi", "python"),
        ("SConstruct", "python"),
        ("a.ts", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.mts", "typescript"),
        ("a.tsx", "tsx"),
        ("a.js", "javascript"),
        ("a.cjs", "javascript"),
        ("a.jsx", "javascript"),
        ("main.go", "go"),
        ("go.mod", "go-module"),
        ("Main.java", "java"),
        ("lib.rs", "rust"),
        ("a.hpp", "cpp"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("build/Makefile", "makefile"),
        ("CMakeLists.txt", "cmake"),
        ("notes.txt", "text"),
        ("README.md", "markdown"),
        (".eslintrc", "json"),
        ("conf.yml.example", "yaml"),
        ("deploy/x.tf", "hcl"),
        ("LICENSE", "text"),
        ("unknown.zzz", ""),
        ("noextension", ""),
        ("dir.py/noextension", ""),
        (".gitignore", ""),
    ],
)
def test_names_tell_the_language(path: str, language: str) -> None:
    assert detect(path, b"") == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/usr/bin/python\n", "python"),
        (b"#!/usr/bin/env python3.11\n", "python"),
        (b"#! /usr/bin/env -S FOO=1 python3 -u\r\n", "python"),
        (b"#!/bin/sh", "shell"),
        (b"#!/usr/bin/env node\n", "javascript"),
        (b"#!/usr/bin/env\n", ""),
        (b"#!\n", ""),
        (b"<?php echo 1;", "php"),
        (b"<?xml version='1.0'?>", "xml"),
        (b"<!DOCTYPE html>", "html"),
        (b"\x7fELF", ""),
    ],
)
def test_the_first_line_tells_the_language_of_a_nameless_file(line: bytes, language: str) -> None:
    assert detect("bin/tool", line) == language


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        ("a.h", b"#include <stdio.h>\nint x;\n", "c"),
        ("a.h", b"namespace a {\nclass B;\n", "cpp"),
        ("a.h", b"#import <Foundation/Foundation.h>\n@interface A\n", "objective-c"),
        ("a.m", b"function y = f(x)\n", "matlab"),
        ("a.m", b"#import <A.h>\n@implementation A\n", "objective-c"),
        ("a.ts", b"export const a = 1;\n", "typescript"),
        ("a.ts", b"<?xml version='1.0'?>\n<TS>", "xml"),
        ("a.pl", b"use strict;\n", "perl"),
        ("a.pl", b":- module(a, []).\n", "prolog"),
        ("a.v", b"module top(input a);\n", "verilog"),
        ("a.v", b"Theorem t : True.\n", "coq"),
        ("a.v", b"fn main() {}\n", "v"),
        ("a.pp", b"unit Foo;\n", "pascal"),
        ("a.pp", b"class x {}\n", "puppet"),
        ("a.fs", b"module A\n", "f-sharp"),
        ("a.fs", b"#version 330\n", "glsl"),
        ("a.inc", b"<?php\n", "php"),
    ],
)
def test_content_decides_where_languages_share_an_extension(
    path: str, head: bytes, language: str
) -> None:
    assert detect(path, head) == language


def test_every_language_with_an_extractor_can_be_detected() -> None:
    found = {detect(f"x.{extension}", b"") for extension in ("py", "js", "ts", "tsx")}
    assert found == set(LANGUAGES)
