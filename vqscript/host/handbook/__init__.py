"""The handbook of what scripts can name: for help, completion, checking, reference pages and editors.

It imports no numpy, so that it can be asked at any time.
"""

from vqscript.host.handbook.book import Handbook as Handbook
from vqscript.host.handbook.entries import AliasEntry as AliasEntry
from vqscript.host.handbook.entries import ClassEntry as ClassEntry
from vqscript.host.handbook.entries import Entry as Entry
from vqscript.host.handbook.entries import FieldEntry as FieldEntry
from vqscript.host.handbook.entries import OptionEntry as OptionEntry
from vqscript.host.handbook.entries import ParameterEntry as ParameterEntry
from vqscript.host.handbook.entries import ResultEntry as ResultEntry
