# TODO: first
# TODO(someone): with a name
x = 1  # FIXME later
# nothing here, TODOLIST neither
path = "templates/index.html"
relative = './local.js'
dotted = "package.module.Class"
entry = "package.module:function"
sentence = "a/b is a path, this is not one"
url = "https://example.org/a/b"
raw = r"raw/path"
formatted = f"dir/{x}/file"
version = "1.2.3"
data = b"bytes/count/too"
"""
XXX in a string is no comment
"""

# HACK: last
