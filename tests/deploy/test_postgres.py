import psycopg
def test_x(database):
    import time
    t=time.perf_counter()
    d = database("cases")
    print(time.perf_counter()-t)
    with psycopg.connect(d.app) as c: print(c.execute("select current_database()").fetchone())
def test_y(database):
    d = database("cases")
    d = database("gateway")
