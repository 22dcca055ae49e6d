# One image for all roles and for the command `csmr`:  docker build -t csmr-orleans .
# The base images come without a shell and run as user 1654; the root file system may be read-only (/tmp for diagnostics, /var/lib/csmr for data).
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

FROM ${SDK} AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/Csmr.Server -c Release -o /out/app -p:DebugType=none -p:GenerateDocumentationFile=false \
 && dotnet publish src/Csmr.Cli -c Release -o /out/app -p:DebugType=none -p:GenerateDocumentationFile=false \
 && mkdir -p /out/data

FROM ${RUNTIME}
COPY --from=build /out/app /app
# A volume that is made of the image, as Docker does, belongs to its user.
COPY --from=build --chown=1654:1654 /out/data /var/lib/csmr
WORKDIR /app
USER 1654:1654
EXPOSE 8080 11111 30000
ENTRYPOINT ["/app/Csmr.Server"]
