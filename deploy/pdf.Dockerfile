# syntax=docker/dockerfile:1
#
# The same image with LibreOffice, for offices that want letters as PDF: half a gigabyte more, and only `gateway api` uses it.
#
#     docker build --file deploy/pdf.Dockerfile --tag baoxue:0.1.0-pdf deploy

ARG BAOXUE=baoxue:0.1.0
FROM ${BAOXUE}
USER 0:0
# Debian's own, whatever the image's Debian has: it gets their security updates when this is built again.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libreoffice-writer-nogui fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
