"""Builds keyrings of the AWS Encryption SDK for Python from the JSON that test/support/keyring-spec.ts describes."""

from base64 import b64decode
from functools import cache

import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsDiscoveryMultiKeyringInput,
    CreateAwsKmsEcdhKeyringInput,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkDiscoveryMultiKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateAwsKmsMrkMultiKeyringInput,
    CreateAwsKmsMultiKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawEcdhKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    DiscoveryFilter,
    EphemeralPrivateKeyToStaticPublicKeyInput,
    KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey,
    KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery,
    KmsPrivateKeyToStaticPublicKeyInput,
    KmsPublicKeyDiscoveryInput,
    PaddingScheme,
    PublicKeyDiscoveryInput,
    RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey,
    RawEcdhStaticConfigurationsPublicKeyDiscovery,
    RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey,
    RawPrivateKeyToStaticPublicKeyInput,
)
from aws_cryptographic_material_providers.mpl.references import IClientSupplier
from aws_cryptography_primitives.smithygenerated.aws_cryptography_primitives.models import (
    ECDHCurveSpec,
)
from key_stores import KeyStores

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())

wrapping_algorithms = {
    16: AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
    24: AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
    32: AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
}
paddings = {
    "pkcs1": PaddingScheme.PKCS1,
    "oaep-sha1": PaddingScheme.OAEP_SHA1_MGF1,
    "oaep-sha256": PaddingScheme.OAEP_SHA256_MGF1,
    "oaep-sha384": PaddingScheme.OAEP_SHA384_MGF1,
    "oaep-sha512": PaddingScheme.OAEP_SHA512_MGF1,
}
curves = {
    "P-256": ECDHCurveSpec.ECC_NIST_P256,
    "P-384": ECDHCurveSpec.ECC_NIST_P384,
    "P-521": ECDHCurveSpec.ECC_NIST_P521,
}


class Keyrings:
    """Keyrings by their description. The clients of KMS and DynamoDB call `endpoints`, by service."""

    def __init__(self, endpoints):
        self._endpoints = endpoints
        self._service = cache(self._new_client)
        self.key_stores = KeyStores(self._service)

    def build(self, spec):
        return getattr(self, "_" + spec["type"].replace("-", "_"))(spec)

    def _client(self, region):
        return self._service("kms", region)

    def _new_client(self, service, region):
        return boto3.client(
            service,
            endpoint_url=self._endpoints[service],
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def _supplier(self):
        client = self._client

        class Supplier(IClientSupplier):
            def get_client(self, param):
                return client(param.region)

        return Supplier()

    def _raw_aes(self, spec):
        wrapping_key = b64decode(spec["wrappingKey"])
        return providers.create_raw_aes_keyring(
            input=CreateRawAesKeyringInput(
                key_namespace=spec["keyNamespace"],
                key_name=spec["keyName"],
                wrapping_key=wrapping_key,
                wrapping_alg=wrapping_algorithms[len(wrapping_key)],
            )
        )

    def _raw_rsa(self, spec):
        return providers.create_raw_rsa_keyring(
            input=CreateRawRsaKeyringInput(
                key_namespace=spec["keyNamespace"],
                key_name=spec["keyName"],
                padding_scheme=paddings[spec["padding"]],
                public_key=pem(spec.get("publicKey")),
                private_key=pem(spec.get("privateKey")),
            )
        )

    def _raw_ecdh(self, spec):
        schema = spec["schema"]
        if schema == "static":
            scheme = RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey(
                RawPrivateKeyToStaticPublicKeyInput(
                    sender_static_private_key=pem(spec["senderPrivateKey"]),
                    recipient_public_key=b64decode(spec["recipientPublicKey"]),
                )
            )
        elif schema == "ephemeral":
            scheme = RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
                EphemeralPrivateKeyToStaticPublicKeyInput(
                    recipient_public_key=b64decode(spec["recipientPublicKey"])
                )
            )
        else:
            scheme = RawEcdhStaticConfigurationsPublicKeyDiscovery(
                PublicKeyDiscoveryInput(
                    recipient_static_private_key=pem(spec["recipientPrivateKey"])
                )
            )
        return providers.create_raw_ecdh_keyring(
            input=CreateRawEcdhKeyringInput(
                key_agreement_scheme=scheme, curve_spec=curves[spec["curve"]]
            )
        )

    def _multi(self, spec):
        return providers.create_multi_keyring(
            input=CreateMultiKeyringInput(
                generator=self.build(spec["generator"]),
                child_keyrings=[self.build(child) for child in spec["children"]],
            )
        )

    def _kms(self, spec):
        return providers.create_aws_kms_keyring(
            input=CreateAwsKmsKeyringInput(
                kms_key_id=spec["keyId"], kms_client=self._client(spec["region"])
            )
        )

    def _kms_discovery(self, spec):
        return providers.create_aws_kms_discovery_keyring(
            input=CreateAwsKmsDiscoveryKeyringInput(
                kms_client=self._client(spec["region"]), discovery_filter=filter_of(spec)
            )
        )

    def _kms_mrk(self, spec):
        return providers.create_aws_kms_mrk_keyring(
            input=CreateAwsKmsMrkKeyringInput(
                kms_key_id=spec["keyId"], kms_client=self._client(spec["region"])
            )
        )

    def _kms_mrk_discovery(self, spec):
        return providers.create_aws_kms_mrk_discovery_keyring(
            input=CreateAwsKmsMrkDiscoveryKeyringInput(
                kms_client=self._client(spec["region"]),
                region=spec["region"],
                discovery_filter=filter_of(spec),
            )
        )

    def _kms_multi(self, spec):
        return providers.create_aws_kms_multi_keyring(
            input=CreateAwsKmsMultiKeyringInput(
                generator=spec["generator"],
                kms_key_ids=spec["keyIds"],
                client_supplier=self._supplier(),
            )
        )

    def _kms_mrk_multi(self, spec):
        return providers.create_aws_kms_mrk_multi_keyring(
            input=CreateAwsKmsMrkMultiKeyringInput(
                generator=spec["generator"],
                kms_key_ids=spec["keyIds"],
                client_supplier=self._supplier(),
            )
        )

    def _kms_discovery_multi(self, spec):
        return providers.create_aws_kms_discovery_multi_keyring(
            input=CreateAwsKmsDiscoveryMultiKeyringInput(
                regions=spec["regions"],
                discovery_filter=filter_of(spec),
                client_supplier=self._supplier(),
            )
        )

    def _kms_mrk_discovery_multi(self, spec):
        return providers.create_aws_kms_mrk_discovery_multi_keyring(
            input=CreateAwsKmsMrkDiscoveryMultiKeyringInput(
                regions=spec["regions"],
                discovery_filter=filter_of(spec),
                client_supplier=self._supplier(),
            )
        )

    def _kms_rsa(self, spec):
        return providers.create_aws_kms_rsa_keyring(
            input=CreateAwsKmsRsaKeyringInput(
                kms_key_id=spec["keyId"],
                encryption_algorithm=spec["encryptionAlgorithm"],
                public_key=pem(spec.get("publicKey")),
                kms_client=self._client(spec["region"]),
            )
        )

    def _kms_ecdh(self, spec):
        if spec["schema"] == "static":
            scheme = KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
                KmsPrivateKeyToStaticPublicKeyInput(
                    sender_kms_identifier=spec["senderKeyId"],
                    recipient_public_key=b64decode(spec["recipientPublicKey"]),
                )
            )
        else:
            scheme = KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
                KmsPublicKeyDiscoveryInput(recipient_kms_identifier=spec["recipientKeyId"])
            )
        return providers.create_aws_kms_ecdh_keyring(
            input=CreateAwsKmsEcdhKeyringInput(
                key_agreement_scheme=scheme,
                curve_spec=curves[spec["curve"]],
                kms_client=self._client(spec["region"]),
            )
        )

    def _hierarchical(self, spec):
        return providers.create_aws_kms_hierarchical_keyring(
            input=CreateAwsKmsHierarchicalKeyringInput(
                key_store=self.key_stores.build(spec["keyStore"]),
                branch_key_id=spec["branchKeyId"],
                ttl_seconds=600,
            )
        )


def required_context_cmm(keyring, required_keys):
    """What has these pairs of the encryption context bound to a message and not stored in it."""
    # It takes no keyring, though its input has a field for one.
    default = providers.create_default_cryptographic_materials_manager(
        input=CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    return providers.create_required_encryption_context_cmm(
        input=CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=default, required_encryption_context_keys=required_keys
        )
    )


def filter_of(spec):
    return DiscoveryFilter(account_ids=spec["accountIds"], partition=spec["partition"])


def pem(text):
    return None if text is None else text.encode()
