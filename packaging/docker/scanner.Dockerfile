# The scanner alone: one static program, no shell.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY scanner_go/go.mod scanner_go/go.sum ./
RUN go mod download
COPY scanner_go/ ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/vst-scanner ./cmd/vst-scanner \
    && mkdir -p /out/certificates

FROM gcr.io/distroless/static-debian12
COPY --from=build /out/vst-scanner /usr/local/bin/vst-scanner
# A new volume takes its owner from here.
COPY --from=build --chown=10001:10001 /out/certificates /certificates
USER 10001:10001
EXPOSE 50051 9465
ENTRYPOINT ["vst-scanner"]
