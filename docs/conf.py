"""How Sphinx makes the site from these pages: `python -m sphinx -W --keep-going -n docs FOLDER`."""

from pygments.lexers.shell import BashLexer
from sphinx.highlighting import lexers

from sp_connect import __version__

project = "sp-connect"
release = version = __version__
copyright = "the sp-connect authors, MIT license"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["schemas", "pictures", "look"]
nitpicky = True

myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "sp-connect"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["look"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}

lexers["crontab"] = BashLexer()
