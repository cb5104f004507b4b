# The Action's image: Python, the locked dependencies, the program. Nothing else.
#
# No USER: the runner starts Docker actions as the image's user and mounts the workspace and the files for outputs, which
# belong to the runner's own user, so GitHub asks for root (docs.github.com, "Dockerfile support for GitHub Actions").
# No WORKDIR: the runner sets it to the workspace. No git: everything is read through the API.

# Releases and CI build on the base at the digest in .github/base-image; a build without a registry has only the tag.
ARG BASE=python:3.13-slim
FROM ${BASE} AS base
# The official image carries no bytecode: without it every run would compile the standard library anew. Left out is what no run
# imports: tools, servers, old protocols, Python's own versions of what is there in C, other countries' encodings.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(test|tests|unittest|idlelib|tkinter|turtledemo|ensurepip|pydoc_data|_pyrepl|site-packages|dist-packages|xmlrpc|wsgiref|dbm|curses|venv)/|/multiprocessing/(dummy|heap|managers|pool|shared)|/logging/(config|handlers)|/xml/dom/|/encodings/(big5|cp|euc|gb|hp|hz|iso|johab|koi|kz|mac|palm|ptcp|shift|tis)|/(_py(datetime|decimal|io)|bdb|cmd|doctest|ftplib|imaplib|mailbox|modulefinder|optparse|pdb|pickletools|plistlib|poplib|profile|pstats|pydoc|statistics|symtable|tarfile|trace|turtle|wave|webbrowser)\.py$' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements /build/requirements
RUN python -m venv --without-pip /opt/pr-cost-bot \
    && pip --python /opt/pr-cost-bot/bin/python install --no-compile --require-hashes --only-binary :all: -r /build/requirements/action.txt \
    && python -m venv --without-pip /opt/build \
    && pip --python /opt/build/bin/python install --no-compile --require-hashes --only-binary :all: -r /build/requirements/build.txt
COPY LICENSE README.md pyproject.toml /build/
COPY src /build/src
RUN pip --python /opt/build/bin/python wheel --no-deps --no-build-isolation --wheel-dir /build/dist /build \
    && pip --python /opt/pr-cost-bot/bin/python install --no-compile --no-deps --no-index /build/dist/pr_cost_bot-*.whl \
    # What the libraries need only for what the Action never does: sign as a GitHub App, download a price list, compile C, be a
    # command line. They do without.
    && pip --python /opt/pr-cost-bot/bin/python uninstall --yes cryptography anyio h11 httpcore2 truststore pycparser click \
    && find /opt/pr-cost-bot/bin -type f ! -name pr-cost-bot -delete \
    # Nothing reads: test suites, type stubs, C and Cython sources.
    && find /opt/pr-cost-bot/lib -depth -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -exec rm -r {} + \
    # Of Apprise: its command line, its translations, its pictures.
    && find /opt/pr-cost-bot/lib -depth \( -path '*/apprise/cli.py' -o -path '*/apprise/i18n/*' -o -path '*/apprise/assets/themes/*' \) -delete \
    && find /opt/pr-cost-bot/lib -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' \) -delete \
    # SQLAlchemy and PyYAML use pure Python, as in their own pure wheels: a few rows and one small file are no load.
    && find /opt/pr-cost-bot/lib \( -path '*/sqlalchemy/*_cy.*.so' -o -path '*/yaml/_yaml.*.so' \) -delete \
    # Apprise is for the few runs that send something, and is compiled by those, in a second; so are other databases' dialects.
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
       -x '/(sqlalchemy/orm|sqlalchemy/ext/(asyncio|declarative|mypy)|sqlalchemy/dialects/(mssql|mysql|oracle)|pydantic/v1|cffi|apprise|oauthlib|requests_oauthlib|markdown)/|/sqlalchemy/ext/(associationproxy|automap|baked|hybrid|mutable)' /opt/pr-cost-bot/lib

FROM base
LABEL org.opencontainers.image.title="pr-cost-bot" \
      org.opencontainers.image.description="What a pull request's AI coding cost, from the vendor's own bill, in one quiet comment." \
      org.opencontainers.image.licenses="Apache-2.0"
# PYTHONSAFEPATH: nothing in the working directory, which is the workspace, can be imported by accident.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/pr-cost-bot /opt/pr-cost-bot
ENTRYPOINT ["/opt/pr-cost-bot/bin/pr-cost-bot"]
# Here and not in action.yml, whose args would go before those of a step (`args: doctor`).
CMD ["action"]
