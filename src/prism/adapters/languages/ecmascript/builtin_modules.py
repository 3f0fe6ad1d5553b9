"""The modules that come with Node.js (``module.builtinModules`` of Node 20 to 24) and Bun."""

_NODE = frozenset(
    [
        "assert",
        "async_hooks",
        "buffer",
        "child_process",
        "cluster",
        "console",
        "constants",
        "crypto",
        "dgram",
        "diagnostics_channel",
        "dns",
        "domain",
        "events",
        "fs",
        "http",
        "http2",
        "https",
        "inspector",
        "module",
        "net",
        "os",
        "path",
        "perf_hooks",
        "process",
        "punycode",
        "querystring",
        "readline",
        "repl",
        "stream",
        "string_decoder",
        "sys",
        "timers",
        "tls",
        "trace_events",
        "tty",
        "url",
        "util",
        "v8",
        "vm",
        "wasi",
        "worker_threads",
        "zlib",
    ]
)
_SCHEMES = ("node:", "bun:")


def is_builtin(specifier: str) -> bool:
    """Does the run time itself have this module ('fs', 'fs/promises', 'node:test')?"""
    if specifier.startswith(_SCHEMES):
        return True
    name, slash, rest = specifier.partition("/")
    # 'punycode/' with the slash is how the package of that name is asked for.
    return name in _NODE and (not slash or bool(rest))
