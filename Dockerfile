# One image for migrate, web and worker. Written, never run: no engine was at hand.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY hub hub
COPY migrations migrations
COPY static static
RUN python -m venv /opt/hub && /opt/hub/bin/pip install --no-cache-dir .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/hub --shell /usr/sbin/nologin hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH PYTHONUNBUFFERED=1 HUB_HOST=0.0.0.0
USER hub
WORKDIR /var/lib/hub
EXPOSE 8080
# TERM lets a process finish what it has begun, within ten seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["incidenthub"]
CMD ["web"]
