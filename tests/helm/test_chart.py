"""The Helm chart: rendered by helm, taken by Kubernetes' schemas, and in step with the product."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from monitor.shell import probe as probe_module
from monitor.shell.gateway_file import load_gateway
from monitor.shell.notify_settings import NotifySettings
from monitor.shell.policy_file import load_policy
from monitor.shell.settings import NOTIFY_PREFIX, PREFIX, Settings
from tests.commands import listed
from tests.following import blocks
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHART = ROOT / "deploy" / "helm" / "outcome-monitor"
RULES = ROOT / "deploy" / "prometheus" / "rules"
EVERYTHING = ROOT / "tests" / "helm" / "everything.yaml"
TOOLS = ROOT / ".cache" / "helm"
LEAST = (
    *("--set", "kafka.bootstrap=kafka:9092"),
    *("--set", "hashKey.existingSecret=hash-key"),
    *("--set", "webToken.existingSecret=web-token"),
)
ALL = ("--values", str(EVERYTHING))
KUBERNETES = ("1.27", "1.30")
WRITABLE = {"/tmp", "/var/lib/outcome-monitor"}  # noqa: S108 - in a pod
MINUTE_AND_A_HALF = 90

Manifest = dict[str, Any]


def helm(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "helm", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )


def rendered(*values: str, chart: Path = CHART, version: str = KUBERNETES[-1]) -> str:
    run = helm("template", "one", chart, "--namespace", "cx", "--kube-version", version, *values)
    assert run.returncode == 0, run.stderr
    return run.stdout


def manifests(*values: str, chart: Path = CHART) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(rendered(*values, chart=chart)) if one]


@pytest.fixture(scope="module")
def everything() -> list[Manifest]:
    return manifests(*ALL)


def of_kind(kind: str, among: list[Manifest]) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in among if one["kind"] == kind}


def pods(among: list[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Give the specification of each kind of pod, and its only container."""
    for one in among:
        if one["kind"] in {"StatefulSet", "Deployment"}:
            spec = one["spec"]["template"]["spec"]
            (container,) = spec["containers"]
            yield spec, container


def environment(container: Manifest) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [LEAST, ALL], ids=["least", "everything"])
def test_kubernetes_takes_it(values: tuple[str, ...], version: str, tmp_path: Path) -> None:
    written = tmp_path / "all.yaml"
    written.write_text(rendered(*values, version=version))

    run = subprocess.run(
        [
            *(TOOLS / "kubectl-validate", written, "--version", version),
            *("--local-crds", TOOLS / "kinds"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_the_values_that_are_documented_are_taken(tmp_path: Path) -> None:
    (block,) = [text for kind, _, text in blocks("kubernetes.md") if kind == "yaml"]
    values = tmp_path / "values.yaml"
    values.write_text(block)

    assert len(manifests("--values", str(values))) > len(manifests(*LEAST))


def test_a_manifest_with_a_mistake_is_not_taken(tmp_path: Path) -> None:
    written = tmp_path / "all.yaml"
    text = rendered(*ALL)
    assert "podMetricsEndpoints" in text
    written.write_text(text.replace("podMetricsEndpoints", "podMetricEndpoints"))

    run = subprocess.run(
        [TOOLS / "kubectl-validate", written, "--local-crds", TOOLS / "kinds"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode != 0


@pytest.mark.parametrize("values", [LEAST, ALL], ids=["least", "everything"])
def test_helm_finds_nothing_to_complain_about(values: tuple[str, ...]) -> None:
    run = helm("lint", "--strict", CHART, *values)

    assert run.returncode == 0, run.stdout


def test_the_rules_are_the_generated_ones(everything: list[Manifest], tmp_path: Path) -> None:
    wanted = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.rules.yml"))]
    helm("package", CHART, "--destination", tmp_path)
    (packed,) = tmp_path.glob("*.tgz")

    for among in (everything, manifests(*ALL, chart=packed)):
        found = of_kind("PrometheusRule", among)
        assert [found[name]["spec"] for name in sorted(found)] == wanted
    assert len(wanted) > 1


def test_rules_of_ones_own_take_their_place() -> None:
    own = RULES / "silent.rules.yml"
    found = of_kind(
        "PrometheusRule", manifests(*ALL, "--set-file", f"prometheusRule.files.own={own}")
    )

    assert [one["spec"] for one in found.values()] == [yaml.safe_load(own.read_text())]


def test_every_setting_exists_and_can_be_read(
    everything: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {NotifySettings: NOTIFY_PREFIX, Settings: PREFIX}
    for _, container in pods(everything):
        kind = NotifySettings if container["name"] == "notifier" else Settings
        told = environment(container)
        ours = {name for name in told if name.startswith(PREFIX)}
        assert ours <= {known[kind] + field.upper() for field in kind.model_fields}
        with monkeypatch.context() as only:
            for name, value in told.items():
                only.setenv(name, value.replace("$(POD_NAME)", "pod-0"))
            kind()


def test_every_file_that_is_named_is_mounted(everything: list[Manifest]) -> None:
    for spec, container in pods(everything):
        mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        volumes = {one["name"] for one in spec["volumes"]} | {"data"}
        named = [value for name, value in environment(container).items() if name.endswith("_FILE")]

        assert set(mounts.values()) <= volumes
        assert {path.rpartition("/")[0] for path in named} <= mounts.keys()
        assert named or container["name"] == "gateway"


def test_secrets_are_files_of_secrets_that_are_there(everything: list[Manifest]) -> None:
    assert not of_kind("Secret", everything)
    for spec, container in pods(everything):
        assert not any("secretKeyRef" in str(one) for one in container["env"])
        mounted = [one["secret"] for one in spec["volumes"] if "secret" in one]
        assert all(one["defaultMode"] == 0o440 for one in mounted)


def test_pods_are_nobody_in_particular_and_write_little(everything: list[Manifest]) -> None:
    (user,) = re.findall(
        r"^USER (\d+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE
    )
    for spec, container in pods(everything):
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] == int(user)
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not spec["automountServiceAccountToken"]
        # Else a service `outcome-monitor-web` would set OUTCOME_MONITOR_WEB_PORT to an address.
        assert not spec["enableServiceLinks"]
        assert container["resources"]["limits"]["memory"]
        written = {
            one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly", False)
        }
        assert written <= WRITABLE


def test_what_runs_is_a_command_of_ours(everything: list[Manifest]) -> None:
    assert {container["args"][0] for _, container in pods(everything)} <= listed().commands.keys()
    for _, container in pods([*everything, *manifests(*LEAST)]):
        ready = "/healthz" if container["name"] == "notifier" else "/readyz"
        # Behind TLS a worker is asked from within, for the kubelet has no certificate.
        inside = f"{PREFIX}WEB_CERTIFICATE_FILE" in environment(container)
        for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", ready)):
            if inside:
                python, *rest, page = container[probe]["exec"]["command"]
                assert (python, rest, page) == ("python", ["-m", probe_module.__name__], path)
            else:
                assert container[probe]["httpGet"] == {"path": path, "port": "web"}
        assert [one["name"] for one in container["ports"]] == ["web"]


def test_a_worker_has_time_to_give_its_partitions_back(everything: list[Manifest]) -> None:
    unit = (ROOT / "deploy" / "systemd" / "outcome-monitor@.service").read_text()
    (worker,) = of_kind("StatefulSet", everything).values()
    spec = worker["spec"]["template"]["spec"]

    assert spec["terminationGracePeriodSeconds"] == MINUTE_AND_A_HALF
    assert f"TimeoutStopSec={MINUTE_AND_A_HALF}" in unit


def test_workers_are_spread_and_go_one_at_a_time(everything: list[Manifest]) -> None:
    (worker,) = of_kind("StatefulSet", everything).values()
    spread = worker["spec"]["template"]["spec"]["topologySpreadConstraints"]
    budget = of_kind("PodDisruptionBudget", everything)["one-outcome-monitor-worker"]
    labels = worker["spec"]["template"]["metadata"]["labels"]

    assert [one["topologyKey"] for one in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert budget["spec"]["maxUnavailable"] == 1
    for selected in (budget["spec"]["selector"], *(one["labelSelector"] for one in spread)):
        assert selected["matchLabels"].items() <= labels.items()


def test_there_is_one_gateway_and_the_next_one_before_it_goes(everything: list[Manifest]) -> None:
    spec = of_kind("Deployment", everything)["one-outcome-monitor-gateway"]["spec"]

    assert spec["replicas"] == 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_services_monitors_and_policies_find_their_pods(everything: list[Manifest]) -> None:
    templates = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in everything
        if one["kind"] in {"StatefulSet", "Deployment"}
    ]
    selectors = [one["spec"]["selector"] for one in of_kind("Service", everything).values()]
    for kind, where in (("PodMonitor", "selector"), ("NetworkPolicy", "podSelector")):
        found = of_kind(kind, everything)
        assert len(found) == len(templates)
        selectors += [one["spec"][where]["matchLabels"] for one in found.values()]

    for selector in selectors:
        assert [selector.items() <= labels.items() for labels in templates].count(True) == 1


def test_workers_are_scraped_as_the_job_that_the_rules_ask_for(everything: list[Manifest]) -> None:
    slo = tomllib.loads((ROOT / "deploy" / "slo.toml").read_text())
    monitor = of_kind("PodMonitor", everything)["one-outcome-monitor-worker"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]

    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": slo["job"]}]


def test_a_worker_is_reached_by_its_own_name(everything: list[Manifest]) -> None:
    (worker,) = of_kind("StatefulSet", everything).values()
    service = of_kind("Service", everything)[worker["spec"]["serviceName"]]
    (container,) = worker["spec"]["template"]["spec"]["containers"]

    assert service["spec"]["clusterIP"] == "None"
    assert environment(container)[f"{PREFIX}WEB_URL"] == (
        f"https://$(POD_NAME).{worker['spec']['serviceName']}.cx.svc:9464"
    )


def test_certificates_take_the_place_of_a_token() -> None:
    without = ("--set", "webToken.existingSecret=", "--set", "autoscaling.enabled=false")
    (worker,) = of_kind("StatefulSet", manifests(*ALL, *without)).values()
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    told = environment(container)

    assert f"{PREFIX}WEB_TOKEN_FILE" not in told
    assert told[f"{PREFIX}WEB_CLIENT_CA_FILE"] == "/etc/outcome-monitor/web-tls/ca.crt"
    monitor = of_kind("PodMonitor", manifests(*ALL))["one-outcome-monitor-worker"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["scheme"], sorted(endpoint["tlsConfig"])) == (
        "https",
        ["ca", "cert", "keySecret", "serverName"],
    )


def test_the_files_that_it_writes_are_taken(everything: list[Manifest], tmp_path: Path) -> None:
    maps = of_kind("ConfigMap", everything)
    for name in ("gateway", "worker-policy"):
        for file, text in maps[f"one-outcome-monitor-{name}"]["data"].items():
            (tmp_path / file).write_text(text)

    gateway = load_gateway(tmp_path / "gateway.toml")
    assert (gateway.host, gateway.port) == ("0.0.0.0", 8080)  # noqa: S104 - in a pod
    assert load_policy(tmp_path / "policy.toml").label


def test_more_workers_than_partitions_are_not_asked_for(everything: list[Manifest]) -> None:
    (worker,) = of_kind("StatefulSet", everything).values()
    (scaler,) = of_kind("HorizontalPodAutoscaler", everything).values()

    # Else each upgrade would undo what the autoscaler decided.
    assert "replicas" not in worker["spec"]
    assert scaler["spec"]["maxReplicas"] == 12
    assert not of_kind("HorizontalPodAutoscaler", manifests(*LEAST))


def notes(copy: Path, *values: str) -> str:
    """What helm says after an installation, which it renders only for a cluster."""
    shutil.copytree(CHART, copy)
    (copy / "templates" / "NOTES.txt").rename(copy / "NOTES.txt")
    template = '{{ tpl (.Files.Get "NOTES.txt") . | toJson }}\n'
    (copy / "templates" / "notes.yaml").write_text(f"notes: {template}")
    (told,) = [one["notes"] for one in manifests(*values, chart=copy) if "notes" in one]
    return str(told)


def test_the_notes_say_how_to_open_the_live_page(tmp_path: Path) -> None:
    told = notes(tmp_path / "least", *LEAST)
    (service, port) = re.findall(r"port-forward service/(\S+) (\d+)$", told, re.MULTILINE)[0]
    (secret,) = re.findall(r"get secret (\S+) .*index \.data \"web\.token\" ", told)

    assert f"at http://127.0.0.1:{port}/\n" in told
    assert service in of_kind("Service", manifests(*LEAST))
    assert secret == "web-token"
    assert "certificate" not in told
    assert "\n\n\n" not in told


def test_the_notes_speak_of_a_certificate_where_the_page_asks_for_one(tmp_path: Path) -> None:
    told = notes(tmp_path / "everything", *ALL)

    assert "at https://127.0.0.1:" in told
    assert "a certificate of the CA in web-tls" in told
    assert "\n\n\n" not in told


WRONG = [
    ((), "kafka.bootstrap: give host:port"),
    (("kafka.bootstrap=kafka",), "/kafka/bootstrap"),
    (("kafka.bootstrap=kafka:9092",), "hashKey.existingSecret: name the Secret"),
    (LEAST[1:4:2], "webToken.existingSecret: name the Secret"),
    ((*LEAST[1::2], "webTls.keys.clientCa=ca.crt"), "webTls.existingSecret: name the Secret"),
    (("kafka.securityProtocol=SASL_PLAINTEXT",), "/kafka/securityProtocol"),
    (("kafka.securityProtocol=SSL",), "/kafka/existingSecret"),
    (("worker.replica=3",), "additional properties 'replica' not allowed"),
    (("settings.web_host=x",), "invalid propertyName 'web_host'"),
    (("partitions=0",), "/partitions"),
    ((*LEAST[1::2], "worker.replicas=1"), "worker.standbys: must be fewer"),
    ((*LEAST[1::2], "gateway.enabled=true"), "gateway.sources: say who sends"),
    ((*LEAST[1::2], "gateway.replicas=2"), "/gateway/replicas"),
    ((*LEAST[1::2], "notifier.enabled=true"), "notifier.existingSecret: name the Secret"),
]


@pytest.mark.parametrize(("values", "why"), WRONG)
def test_a_wrong_value_is_refused_by_its_name(values: tuple[str, ...], why: str) -> None:
    run = helm("template", CHART, "--kube-version", "1.30", *(f"--set={one}" for one in values))

    assert run.returncode != 0
    assert why in run.stderr
