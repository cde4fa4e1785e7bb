"""Builds branch key stores from the JSON that test/support/key-store-spec.ts describes, and calls them."""

from base64 import b64encode

from aws_cryptographic_material_providers.keystore import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import (
    CreateKeyInput,
    Discovery,
    GetActiveBranchKeyInput,
    GetBeaconKeyInput,
    GetBranchKeyVersionInput,
    KMSConfigurationDiscovery,
    KMSConfigurationKmsKeyArn,
    KMSConfigurationKmsMRKeyArn,
    KMSConfigurationMrDiscovery,
    MRDiscovery,
    VersionKeyInput,
)


class KeyStores:
    """Key stores by their description. `client` makes a client of a service for a region."""

    def __init__(self, client):
        self._client = client
        self._built = {}

    def build(self, spec):
        key = repr(spec)
        if key not in self._built:
            self._built[key] = self._new(spec)
        return self._built[key]

    def _new(self, spec):
        return KeyStore(
            config=KeyStoreConfig(
                ddb_table_name=spec["tableName"],
                logical_key_store_name=spec["logicalKeyStoreName"],
                kms_configuration=configuration_of(spec["kmsConfiguration"]),
                ddb_client=self._client("dynamodb", spec["tableRegion"]),
                kms_client=self._client("kms", spec["kmsRegion"]),
            )
        )

    def call(self, job):
        """The result of a job for a key store."""
        store = self.build(job["keyStore"])
        branch_key_id = job.get("branchKeyId")
        if job["do"] == "create-key":
            output = store.create_key(
                input=CreateKeyInput(
                    branch_key_identifier=branch_key_id,
                    encryption_context=job.get("encryptionContext"),
                )
            )
            return {"branchKeyId": output.branch_key_identifier}
        if job["do"] == "version-key":
            store.version_key(input=VersionKeyInput(branch_key_identifier=branch_key_id))
            return {"branchKeyId": branch_key_id}
        if job["do"] == "get-active-key":
            output = store.get_active_branch_key(
                input=GetActiveBranchKeyInput(branch_key_identifier=branch_key_id)
            )
            return branch_key(output.branch_key_materials)
        if job["do"] == "get-key-version":
            output = store.get_branch_key_version(
                input=GetBranchKeyVersionInput(
                    branch_key_identifier=branch_key_id, branch_key_version=job["branchKeyVersion"]
                )
            )
            return branch_key(output.branch_key_materials)
        output = store.get_beacon_key(input=GetBeaconKeyInput(branch_key_identifier=branch_key_id))
        return beacon_key(output.beacon_key_materials)


def branch_key(materials):
    return {
        "branchKey": {
            "branchKeyId": materials.branch_key_identifier,
            "branchKeyVersion": materials.branch_key_version,
            "encryptionContext": materials.encryption_context,
            "key": b64encode(materials.branch_key).decode(),
        }
    }


def beacon_key(materials):
    return {
        "branchKey": {
            "branchKeyId": materials.beacon_key_identifier,
            "encryptionContext": materials.encryption_context,
            "key": b64encode(materials.beacon_key).decode(),
        }
    }


def configuration_of(spec):
    if spec["type"] == "key":
        return KMSConfigurationKmsKeyArn(spec["keyArn"])
    if spec["type"] == "multi-region-key":
        return KMSConfigurationKmsMRKeyArn(spec["keyArn"])
    if spec["type"] == "discovery":
        return KMSConfigurationDiscovery(Discovery())
    return KMSConfigurationMrDiscovery(MRDiscovery(region=spec["region"]))
