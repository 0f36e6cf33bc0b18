"""Docstrings in numpydoc form are read as their authors meant them."""

from __future__ import annotations

import inspect

from vqscript.host.handbook.numpydoc import attribute_docs, read_docstring
from vqscript.vq.input_units import ConversionOptions

TEXT = """Convert the values.

First paragraph, on
two lines, with ``code`` and :meth:`DataManager.unit`.

- one
- two, which
  goes on

Parameters
----------
i : int
    Number of the input,
    from 0.
min, max : float
    Limits.
from_ : str
    Start.
*others : int
    More.

Returns
-------
int
    How many.
str
    Where from.

Raises
------
UnitError
    Nothing is known.
"""


def test_text_is_put_together_by_paragraphs():
    said = read_docstring(TEXT)
    assert said.doc == (
        "Convert the values.\n\nFirst paragraph, on two lines, with `code` and `unit`.\n\n- one\n- two, which goes on"
    )


def test_parameters_are_found_by_each_name_as_scripts_spell_it():
    assert read_docstring(TEXT).parameters == {
        "i": "Number of the input, from 0.",
        "min": "Limits.",
        "max": "Limits.",
        "from": "Start.",
        "*others": "More.",
    }


def test_results_and_errors():
    said = read_docstring(TEXT)
    assert said.returns == [("int", "How many."), ("str", "Where from.")]
    assert said.raises == [("UnitError", "Nothing is known.")]


def test_a_sentence_alone_is_all_there_is():
    said = read_docstring("Clear.")
    assert said.doc == "Clear." and not said.parameters and not said.returns and not said.raises
    assert read_docstring("").doc == ""


def test_strings_below_fields_document_them():
    docs = attribute_docs(inspect.getmodule(ConversionOptions))
    assert docs["ConversionOptions.weight"].startswith("Body weight")
