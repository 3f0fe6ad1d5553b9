import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models import Model

    try:
        import nested
    except ImportError:
        pass
else:
    Model = None

if not TYPE_CHECKING:
    import at_run_time

try:
    import fast_json as json
except ImportError:
    import json
else:
    import only_with_fast
finally:
    import always

try:
    import parse_me
except ValueError:
    import not_a_fallback

if sys.platform == "win32":
    import winreg
elif sys.version_info >= (3, 12):
    import newer
else:
    import posix

while False:
    import in_a_loop


def use(model: Model) -> "Model":
    return json.dumps(model)
