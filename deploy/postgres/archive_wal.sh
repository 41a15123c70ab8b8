#!/bin/sh
# Puts one finished WAL segment into the archive: compressed, on the disk, and never over another one.
#
#     archive_command = '/path/archive_wal.sh "%p" "%f" /path/archive/wal'
#
# PostgreSQL keeps the segment and asks again until this ends with 0. It may hand in a segment a second time (a crash before
# it noted the first); then what lies there must be the same. Anything else is refused: two servers archive to one place.
# Needs gzip, a `sync` that takes a file (coreutils 8.24), and an archive whose file system has hard links.
set -eu
umask 077
segment=$1 name=$2 archive=$3
fresh=$archive/.$name.$$
trap 'rm -f "$fresh"' EXIT

if [ ! -e "$archive/$name.gz" ]; then
    gzip -1 -n -c <"$segment" >"$fresh"
    sync "$fresh"
    if ln "$fresh" "$archive/$name.gz"; then # fails where another was quicker, and then what follows decides
        sync "$archive"
        exit 0
    fi
fi
if gzip -d -c <"$archive/$name.gz" | cmp -s - "$segment"; then
    sync "$archive/$name.gz" "$archive"
    exit 0
fi
echo "archive_wal: $archive/$name.gz is there and holds something else" >&2
exit 1
