"""Logs on stderr: lines for people, or one JSON object a line for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

from prism.application.log_context import log_fields
from prism.domain.errors import InvalidInput
from prism.entrypoints.terminal import printable

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(log_format: str) -> None:
    """Send the log to stderr, or nowhere for ''. Raises InvalidInput for an unknown format.

    What others than Prism log is told from warnings on, and without its values.
    """
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
    handler.addFilter(_say_what_it_is_about)
    handler.addFilter(_is_worth_telling)
    logger.handlers = []
    logger.setLevel(logging.INFO)
    logging.getLogger().handlers = [handler]


def _say_what_it_is_about(record: logging.LogRecord) -> bool:
    """Job, attempt and worker, where the record does not name them itself."""
    for name, value in log_fields().items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


def _is_worth_telling(record: logging.LogRecord) -> bool:
    return _is_own(record) or record.levelno >= logging.WARNING


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "prism"


def _message(record: logging.LogRecord) -> str:
    """Of a library's message only what stands in its code: its values may be secrets."""
    if _is_own(record):
        return record.getMessage()
    return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


class TextFormatter(logging.Formatter):
    """``time LEVEL message name=value …``: one line, control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        extras = "".join(f" {name}={value}" for name, value in sorted(_extras(record).items()))
        return printable(f"{moment} {record.levelname} {_message(record)}{extras}")


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
                "message": _message(record),
                **_extras(record),
            },
            default=str,
        )
