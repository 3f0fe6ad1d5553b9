"""Logs on stderr: lines for people, or one JSON object a line for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

from prism.domain.errors import InvalidInput
from prism.entrypoints.terminal import printable

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(log_format: str) -> None:
    """Send the log of ``prism`` to stderr, or nowhere for ''. Raises InvalidInput for an unknown
    format."""
    logger = logging.getLogger("prism")
    if not log_format:
        # Or Python would print warnings bare; commands say by themselves what went wrong.
        logger.handlers = [logging.NullHandler()]
        return
    formatters: dict[str, logging.Formatter] = {"text": TextFormatter(), "json": JsonFormatter()}
    if log_format not in formatters:
        raise InvalidInput(f"unknown log format {log_format!r}", hint="`text` or `json`")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatters[log_format])
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


class TextFormatter(logging.Formatter):
    """``time LEVEL message name=value …``: one line, control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        extras = "".join(f" {name}={value}" for name, value in sorted(_extras(record).items()))
        return printable(f"{moment} {record.levelname} {record.getMessage()}{extras}")


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and the event's own fields.

    Tracebacks are left out on purpose: they show values, and values may be secrets.
    """

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
                **_extras(record),
            },
            default=str,
        )
