"""What is not in the tree: the standard library, and packages by the name they are installed by."""

import re
import sys
from collections.abc import Mapping

from prism.adapters.languages.python.manifests import requirements

#: Modules of other Python versions than the running one: the same tree must give the same facts
#: whichever version runs Prism. Python 2's are there because old code guards them by ``try``.
_OTHER_VERSIONS = """
__main__ _abcoll _typeshed annotationlib asynchat asyncore audioop binhex cgi cgitb chunk
compression crypt
distutils dummy_threading formatter imghdr imp lib2to3 macpath mailcap msilib nis nntplib
ossaudiodev parser pipes smtpd sndhdr spwd string.templatelib sunau symbol telnetlib uu xdrlib
BaseHTTPServer CGIHTTPServer ConfigParser Cookie Queue SimpleHTTPServer SocketServer StringIO
Tkinter UserDict UserList UserString __builtin__ anydbm cPickle cStringIO commands cookielib
copy_reg dbhash exceptions htmlentitydefs htmllib httplib itertools_ext md5 mimetools new
robotparser sets
sha sgmllib thread tkFileDialog tkFont tkMessageBox urllib2 urlparse xmlrpclib
"""
STDLIB = frozenset(sys.stdlib_module_names) | frozenset(_OTHER_VERSIONS.split())
#: Packages whose import name is not the name they are installed by.
_INSTALLED_AS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dns": "dnspython",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "github": "PyGithub",
    "google.protobuf": "protobuf",
    "gi": "PyGObject",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "markdown": "Markdown",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "Pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2",
    "pythoncom": "pywin32",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socks": "PySocks",
    "telegram": "python-telegram-bot",
    "usb": "pyusb",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "win32con": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
    "_pytest": "pytest",
}
_SEPARATORS = re.compile(r"[-_.]+")


def _normalized(name: str) -> str:
    """PEP 503."""
    return _SEPARATORS.sub("-", name).lower()


class Distributions:
    """Names of distributions for top-level modules; those that the manifests ask for come first."""

    def __init__(self, manifests: Mapping[str, str]) -> None:
        self._asked: dict[str, str] = {}
        for path in sorted(manifests):
            for name in requirements(path, manifests[path]):
                self._asked.setdefault(_normalized(name), name)

    def of(self, parts: list[str]) -> str:
        """The distribution that most likely brings the module with dotted name *parts*."""
        top = parts[0]
        same = self._asked.get(_normalized(top))
        if same:
            return same
        known = _INSTALLED_AS.get(".".join(parts[:2])) or _INSTALLED_AS.get(top)
        if known:
            return self._asked.get(_normalized(known), known)
        for pattern in (".".join(parts[:3]), ".".join(parts[:2])):  # google.cloud.storage
            if "." in pattern and _normalized(pattern) in self._asked:
                return self._asked[_normalized(pattern)]
        base = _normalized(top)
        for likely in (f"python-{base}", f"py{base}", f"{base}-python", f"{base}-py"):
            if likely in self._asked:
                return self._asked[likely]
        return top
