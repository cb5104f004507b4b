# The Action's image: Python, the locked dependencies, the program. Nothing else.
#
# No USER: the runner starts Docker actions as the image's user and mounts the workspace and the files for outputs, which
# belong to the runner's own user, so GitHub asks for root (docs.github.com, "Dockerfile support for GitHub Actions").
# No WORKDIR: the runner sets it to the workspace. No git: everything is read through the API.

# Releases and CI build on the base at the digest in .github/base-image; a build without a registry has only the tag.
ARG BASE=python:3.13-slim
FROM ${BASE} AS base
# The official image carries no bytecode: without it every run would compile the standard library anew.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(test|tests|unittest|idlelib|tkinter|turtledemo|ensurepip|pydoc_data|_pyrepl|site-packages|dist-packages)/' \
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
    # PyJWT takes cryptography only to sign as a GitHub App, which the Action never does, and does without.
    && pip --python /opt/pr-cost-bot/bin/python uninstall --yes cryptography \
    && find /opt/pr-cost-bot/bin -type f ! -name pr-cost-bot -delete \
    # Nothing reads: test suites, type stubs, C and Cython sources.
    && find /opt/pr-cost-bot/lib -depth -type d \( -name tests -o -path '*/sqlalchemy/testing' \) -exec rm -r {} + \
    && find /opt/pr-cost-bot/lib -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' \) -delete \
    # SQLAlchemy and PyYAML use pure Python, as in their own pure wheels: a few rows and one small file are no load.
    && find /opt/pr-cost-bot/lib \( -path '*/sqlalchemy/*_cy.*.so' -o -path '*/yaml/_yaml.*.so' \) -delete \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
       -x '/(sqlalchemy/orm|pydantic/v1|cffi|pycparser)/' /opt/pr-cost-bot/lib

FROM base
LABEL org.opencontainers.image.title="pr-cost-bot" \
      org.opencontainers.image.description="What a pull request's AI coding cost, from the vendor's own bill, in one quiet comment." \
      org.opencontainers.image.licenses="Apache-2.0"
# PYTHONSAFEPATH: nothing in the working directory, which is the workspace, can be imported by accident.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/pr-cost-bot /opt/pr-cost-bot
ENTRYPOINT ["/opt/pr-cost-bot/bin/pr-cost-bot"]
