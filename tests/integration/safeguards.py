"""A broker that lets in only whom it knows: by a certificate, or by a password."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from monitor.shell.child import LOOPBACK, free_port
from tests.certificates import Authority, Issued
from tests.integration.apache_kafka import ApacheKafka, Safeguards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

USER, PASSWORD = "monitor", "a password of this test = not for others"  # pragma: allowlist secret

# Kafka reads PEM: of its own certificate with the key, and of the authority it trusts.
_SETTINGS = """
ssl.keystore.type=PEM
ssl.keystore.location={own}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram} required;
listener.name.sasl_ssl.plain.sasl.jaas.config={plain} required user_{user}="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
# Kafka's numbers for the words of its access control lists.
_RESOURCES = {"TOPIC": 2, "GROUP": 3, "TRANSACTIONAL_ID": 5}
_PATTERNS = {"LITERAL": 3, "PREFIXED": 4}
_OPERATIONS = {"READ": 3, "WRITE": 4, "CREATE": 5, "DESCRIBE": 8, "DESCRIBE_CONFIGS": 10}
_ALLOW = 3
_LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Guarded:
    """The broker, and what a client needs to get in."""

    kafka: ApacheKafka
    ports: dict[str, int]
    authority: Authority
    ours: Issued
    files: Path

    def by_password(self, mechanism: str = "SCRAM-SHA-512") -> dict[str, Any]:
        """Give the settings of a client that shows a password."""
        return self._settings("SASL_SSL") | {
            "kafka_sasl_mechanism": mechanism,
            "kafka_user_file": self.files / "user",
            "kafka_password_file": self.files / "password",
        }

    def by_certificate(self) -> dict[str, Any]:
        """Give the settings of a client that shows a certificate."""
        return self._settings("SSL") | {
            "kafka_certificate_file": self.ours.certificate,
            "kafka_key_file": self.ours.key,
        }

    async def grant(self, rights: Iterable[tuple[str, str, str, str]]) -> None:
        """Give both of our users a right each: resource, its name, pattern, operation."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        await client.start()
        try:
            for resource, name, pattern, operation in rights:
                for user in (f"User:{USER}", f"User:CN={USER}"):
                    answer = await client._send_to_controller(  # noqa: SLF001 - It has no other way.
                        CreateAclsRequest(
                            _RESOURCES[resource],
                            name,
                            _PATTERNS[pattern],
                            user,
                            "*",
                            _OPERATIONS[operation],
                            _ALLOW,
                        )
                    )
                    assert [code for code, _ in answer.creation_responses] == [0]
        finally:
            await client.close()

    def _settings(self, protocol: str) -> dict[str, Any]:
        return {
            "kafka_bootstrap": f"{LOOPBACK}:{self.ports[protocol]}",
            "kafka_security_protocol": protocol,
            "kafka_ca_file": self.authority.certificate,
        }


@contextmanager
def guarded(files: Path) -> Iterator[Guarded]:
    """Run a broker that asks for certificates and passwords of this test."""
    authority = Authority(files / "authority")
    own = authority.issue("broker", for_=f"IP:{LOOPBACK}")
    pem = files / "broker.pem"
    pem.write_text(own.key.read_text() + own.certificate.read_text())
    (files / "user").write_text(f"{USER}\n")
    (files / "password").write_text(f"{PASSWORD}\n")
    ports = {"SSL": free_port(), "SASL_SSL": free_port()}
    settings = _SETTINGS.format(
        own=pem,
        authority=authority.certificate,
        scram=f"{_LOGIN}.scram.ScramLoginModule",
        plain=f"{_LOGIN}.plain.PlainLoginModule",
        user=USER,
        password=PASSWORD,
    )
    users = [
        word
        for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256")
        for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")
    ]
    with ApacheKafka(safeguards=Safeguards(ports, settings, users), brief=True) as kafka:
        yield Guarded(kafka, ports, authority, authority.issue("monitor"), files)
