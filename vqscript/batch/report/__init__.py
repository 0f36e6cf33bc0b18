"""The report of a batch: one HTML file that needs nothing else, and opens from the disk.

``page/`` holds the page as it is: HTML, one style sheet, a few scripts. What a batch found is put into it as JSON
(:mod:`~vqscript.batch.report.embedding`), a study at a time (:mod:`~vqscript.batch.report.entry`), with small pictures
(:mod:`~vqscript.batch.report.previews`); the scripts of the page make text, tables and plots of it.
"""

from vqscript.batch.report.document import write_report

__all__ = ["write_report"]
