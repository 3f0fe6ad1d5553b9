"""From a blob's bytes to its packed record: what a parser process and the inline parser share."""

from prism.adapters.languages.engine import DeadlinePassed, Engine
from prism.adapters.languages.records import pack
from prism.adapters.languages.registry import LANGUAGES, load_engine


class Extractor:
    """Engines by language, each loaded when its first file comes."""

    def __init__(self, deadline_seconds: float) -> None:
        self._deadline_seconds = deadline_seconds
        self._engines: dict[str, Engine] = {}

    def record(self, language: str, data: bytes) -> tuple[bytes, str]:
        """(packed record, '') or (b'', what went wrong). Never fails."""
        if language not in LANGUAGES:
            return b"", f"no extractor for {language or 'an unknown language'}"
        try:
            engine = self._engines.get(language)
            if engine is None:
                engine = self._engines[language] = load_engine(language)
            facts = engine.extract(data, deadline_seconds=self._deadline_seconds)
            return pack(facts)[1], ""
        except DeadlinePassed:
            return b"", "deadline"
        except MemoryError:
            return b"", "out of memory"
        except Exception as error:  # noqa: BLE001  # one file's trouble must not take the others
            return b"", f"extractor failed: {type(error).__name__}: {error}"[:300]
