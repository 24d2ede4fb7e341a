"""compose.yaml and the manifests: everything they name is there, and their bounds fit the gateway's."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.urls import resolve

from config import lifespan
from config.meanings import MEANINGS
from config.operations import PATHS
from inference.process import OWED_SECONDS
from tests.deploy.manifests import (
    compose,
    containers,
    env_files,
    kustomization,
    of_tollway,
    pods,
    resources,
    seconds,
)
from tests.house.test_rules import ROOT

OURS = {name for group in MEANINGS.values() for name in group}
OF_THE_SERVER = {"FORWARDED_ALLOW_IPS"}
OF_COMPOSE = {"SITE_ADDRESS", "POSTGRES_PASSWORD", "PRODUCT_PASSWORD", "VALKEY_PASSWORD"}
TO_THE_END_S = settings.DRAIN_SECONDS + lifespan.LAST_LOOK_SECONDS + OWED_SECONDS
SECRETS = {"DATABASE_URL", "REDIS_URL", "TOLLWAY_SECRET_KEY", "TOLLWAY_KEY_PEPPER", "TOLLWAY_CREDENTIAL_KEYS"}


def test_every_variable_of_our_services_is_read() -> None:
    named = {name for each in of_tollway().values() for name in each["environment"]}
    assert named <= OURS | OF_THE_SERVER | {"POSTGRES_PASSWORD"}


def test_only_migrations_are_given_what_the_owner_of_the_tables_signs_in_by() -> None:
    owning = {name for name, each in of_tollway().items() if "MIGRATION_DATABASE_URL" in each["environment"]}
    assert owning == {"migrate"}
    assert {each["environment"]["POSTGRES_PASSWORD"] for each in of_tollway().values()} == {""}
    urls = {each["environment"]["DATABASE_URL"] for each in of_tollway().values()}
    assert [url.partition(":${")[0] for url in urls] == ["postgresql://tollway_product"]
    sources = {
        name: [each["secretRef"]["name"] for each in container.get("envFrom", ()) if "secretRef" in each]
        for name, container in containers().items()
    }
    assert {name for name, each in sources.items() if "tollway-owner" in each} == {"migrate/migrate"}


def test_every_variable_of_the_pods_is_read() -> None:
    literals = kustomization()["configMapGenerator"][0]["literals"]
    assert {each.partition("=")[0] for each in literals} <= OURS | OF_THE_SERVER
    assert all("env" not in container for container in containers().values())


def test_examples_of_secrets_name_what_is_read_and_hold_none() -> None:
    for names in env_files().values():
        assert set(names) <= OURS | OF_COMPOSE
        assert SECRETS - {"DATABASE_URL", "REDIS_URL"} <= set(names)
    assert set(env_files()["secrets.env.example"]) >= SECRETS
    filled = re.findall(
        r"^(\w*(?:KEYS?|PEPPER|TOKEN|PASSWORD|SECRET))=(.+)$",
        (ROOT / "deploy/compose/example.env").read_text(),
        re.MULTILINE,
    )
    assert filled == []


def test_every_variable_that_compose_asks_for_is_in_its_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "compose.yaml").read_text()))
    assert asked <= set(env_files()["example.env"])


def test_migrations_come_first() -> None:
    for name in ("web", "worker", "beat"):
        needed = of_tollway()[name]["depends_on"]
        assert needed["migrate"] == {"condition": "service_completed_successfully"}
        assert pods()[name]["initContainers"][0]["args"] == ["migrate", "--check"]
    assert of_tollway()["migrate"]["command"] == ["migrate", "--noinput"]
    assert pods()["migrate"]["containers"][0]["args"] == ["migrate", "--noinput"]


def test_both_start_the_parts_alike() -> None:
    for name in ("web", "worker", "beat"):
        assert of_tollway()[name]["command"] == containers()[f"{name}/{name}"]["args"]


def test_end_is_waited_for_as_long_as_it_may_take() -> None:
    assert seconds(of_tollway()["web"]["stop_grace_period"]) > TO_THE_END_S
    before = int(containers()["web/web"]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pods()["web"]["terminationGracePeriodSeconds"] > before + TO_THE_END_S
    # Traffic stops before the pod listens no more: readiness needs that long to turn, and the proxies to hear of it.
    assert before >= 5
    for name in ("stop_grace_period", "terminationGracePeriodSeconds"):
        told = of_tollway()["worker"].get(name) or pods()["worker"][name]
        assert seconds(f"{str(told).removesuffix('s')}s") > settings.CELERY_TASK_SOFT_TIME_LIMIT


def probed() -> set[str]:
    """Return the paths that are asked for health, by compose and by Kubernetes."""
    asked = containers()["web/web"]
    paths = {each["httpGet"]["path"] for name, each in asked.items() if name.endswith("Probe")}
    words = " ".join(of_tollway()["web"]["healthcheck"]["test"])
    return paths | set(re.findall(r"http://127\.0\.0\.1:8000(/\w+)", words))


def test_probes_ask_for_routes_that_are_there() -> None:
    assert probed() == {"/livez", "/readyz"}
    assert probed() <= PATHS
    assert all(resolve(path) for path in probed())


def test_disk_of_the_journal_outlives_the_process() -> None:
    image = (ROOT / "Dockerfile").read_text()
    assert "TOLLWAY_JOURNAL_DIR=/var/lib/tollway/journal" in image
    assert of_tollway()["web"]["volumes"] == ["journal:/var/lib/tollway"]
    assert "journal" in compose()["volumes"]
    mounts = {each["name"]: each["mountPath"] for each in containers()["web/web"]["volumeMounts"]}
    assert mounts["journal"] == "/var/lib/tollway"
    claims = resources()["StatefulSet", "web"]["spec"]
    assert claims["volumeClaimTemplates"][0]["metadata"]["name"] == "journal"
    assert set(claims["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_service_is_held_close(name: str) -> None:
    service: dict[str, Any] = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "proxy" or re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert name == "proxy" or "ports" not in service, "only the proxy is reached from outside"


def test_engines_are_alone_with_those_who_need_them() -> None:
    networks = {name: set(each["networks"]) for name, each in compose()["services"].items()}
    assert networks["postgres"] == networks["valkey"] == {"engines"}
    assert compose()["networks"]["engines"] == {"internal": True}
    assert "engines" not in networks["proxy"]
    # On one network only: by another its address would not be the one that web believes.
    assert networks["proxy"] & networks["web"] == {"front"}
    subnet = compose()["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert of_tollway()["web"]["environment"]["FORWARDED_ALLOW_IPS"] == subnet


@pytest.mark.parametrize("name", sorted(containers()))
def test_container_is_held_close(name: str) -> None:
    pod = pods()[name.partition("/")[0]]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert containers()[name]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in containers()[name]["resources"]["limits"]


def test_images_have_tags_and_not_the_newest() -> None:
    images = [each["image"] for each in compose()["services"].values()]
    images += [each["newName"] + ":" + each["newTag"] for each in kustomization()["images"]]
    tags = [re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", image).rpartition(":")[2] for image in images]
    assert [tag for tag in tags if not tag or tag == "latest" or "/" in tag] == []


def test_pods_run_the_image_that_is_named_once() -> None:
    assert {each["image"] for each in containers().values()} == {
        each["name"] for each in kustomization()["images"]
    }


def test_selectors_find_the_pods() -> None:
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for (kind, name), each in resources().items()
        if kind in {"StatefulSet", "Deployment"}
    }
    for (kind, name), each in resources().items():
        if kind in {"StatefulSet", "Deployment", "PodDisruptionBudget"}:
            assert each["spec"]["selector"]["matchLabels"] == labels[name]
    assert resources()["Service", "web"]["spec"]["selector"] == labels["web"]


def test_what_leads_to_web_leads_to_its_port() -> None:
    port = containers()["web/web"]["ports"][0]
    service = resources()["Service", "web"]["spec"]["ports"][0]
    backend = resources()["Ingress", "web"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert service["targetPort"] == port["name"]
    assert (backend["name"], backend["port"]["name"]) == ("web", service["name"])
    assert str(port["containerPort"]) in containers()["web/web"]["args"]


def test_one_beat_and_never_two_at_a_time_on_purpose() -> None:
    spec = resources()["Deployment", "beat"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_disruptions_and_growth_leave_enough() -> None:
    assert resources()["PodDisruptionBudget", "web"]["spec"]["maxUnavailable"] == 1
    scaling = resources()["HorizontalPodAutoscaler", "web"]["spec"]
    target = scaling["scaleTargetRef"]
    assert resources()[target["kind"], target["name"]]["spec"]["replicas"] == scaling["minReplicas"] > 1
    assert scaling["behavior"]["scaleDown"]["stabilizationWindowSeconds"] >= 300
