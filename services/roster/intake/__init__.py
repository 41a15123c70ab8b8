"""How register files come in 送册: taken at the door, kept sealed, previewed, committed by a person, taken in whole.

doors.py      the HTTP face for files and what became of them
multipart.py  a body of several files, piece by piece
tables.py     files that wait, and how far each delivery has come
worker.py     reads, previews and takes in what waits, beside the service's clock
loading.py    from files to rows to batches in force; `comparison.py` makes children of what is in force
rejects.py    what can't be read, as a workbook to be corrected

field_doors.py    the door for sheets of the field check, and how an accepted round becomes a delivery
field_sheets.py   sheets as villages bring them back, line by line
"""

from services.roster.intake.loading import File, Intake, Loaded, Preview, Progress, Read

__all__ = ["File", "Intake", "Loaded", "Preview", "Progress", "Read"]
