# The station without a window. Qt is among the locked dependencies and is never loaded.
FROM golang:1.26-bookworm AS go

FROM python:3.12-slim-bookworm AS build
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/opt/vst/bin:/usr/local/go/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/vst
WORKDIR /src
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
COPY --from=build /opt/vst /opt/vst
RUN useradd --uid 10001 --no-create-home vst \
    && install -d -o vst -g vst -m 0700 /data
ENV PATH=/opt/vst/bin:$PATH VST_HOME=/data NUMBA_CACHE_DIR=/tmp/numba PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 9090
ENTRYPOINT ["vst"]
CMD ["run", "--profile", "demo"]
