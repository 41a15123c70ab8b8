"""Reading register files as offices write them, linking their rows to children, and deriving findings (四查三比对).

A pure engine: it knows no event store, no database and no clock. Start reading at `engine.py`.
"""
