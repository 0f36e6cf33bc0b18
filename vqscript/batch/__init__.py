"""Batch: one script over every study of a project, in worker processes, with results that survive any end.

A study is a task (:mod:`~vqscript.batch.plan`); a worker runs the script's ``process`` for it
(:mod:`~vqscript.batch.worker`) and leaves a whole record in the study's folder
(:mod:`~vqscript.batch.folder`); the tables and the report are made from these records alone.
"""
