"""Writes test/fixtures/python-ecdh.json: messages made by AWS's library for Python with raw ECDH keyrings.

pip install 'aws-encryption-sdk[MPL]' && python tools/make-ecdh-fixtures.py

The keys in the file are test keys and protect nothing. Running it again replaces every key and message.
"""

import base64
import json
from importlib.metadata import version
from pathlib import Path

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateRawEcdhKeyringInput,
    EphemeralPrivateKeyToStaticPublicKeyInput,
    RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey,
    RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey,
    RawPrivateKeyToStaticPublicKeyInput,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

curves = {
    "P-256": (ec.SECP256R1, "ECC_NIST_P256"),
    "P-384": (ec.SECP384R1, "ECC_NIST_P384"),
    "P-521": (ec.SECP521R1, "ECC_NIST_P521"),
}
contexts = [
    {},
    {"purpose": "test"},
    {"purpose": "test", "Zone": "ü", "\U0001f511": "key", "\ue000": "before it"},
]
algorithms = [
    Algorithm.AES_128_GCM_IV12_TAG16,
    Algorithm.AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
    Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
]
plaintext = b"wrapped by elliptic curves"

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
committing = aws_encryption_sdk.EncryptionSDKClient()
others = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
)


def private_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def scheme_of(name, sender, recipient):
    if name == "static":
        return RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey(
            RawPrivateKeyToStaticPublicKeyInput(
                sender_static_private_key=private_pem(sender),
                recipient_public_key=public_der(recipient),
            )
        )
    return RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
        EphemeralPrivateKeyToStaticPublicKeyInput(recipient_public_key=public_der(recipient))
    )


keys = {}
messages = []
for curve, (curve_class, curve_spec) in curves.items():
    sender, recipient = (ec.generate_private_key(curve_class()) for _ in range(2))
    keys[curve] = {
        name: {"privateKey": private_pem(key).decode(), "publicKey": public_pem(key).decode()}
        for name, key in [("sender", sender), ("recipient", recipient)]
    }
    for schema in ["static", "ephemeral"]:
        keyring = providers.create_raw_ecdh_keyring(
            input=CreateRawEcdhKeyringInput(
                key_agreement_scheme=scheme_of(schema, sender, recipient), curve_spec=curve_spec
            )
        )
        # Every algorithm and every context with each curve and schema, but not all with all.
        for index, algorithm in enumerate(algorithms):
            context = contexts[index % len(contexts)]
            client = committing if algorithm.is_committing() else others
            message, _ = client.encrypt(
                source=plaintext,
                keyring=keyring,
                algorithm=algorithm,
                frame_length=128,
                encryption_context=context,
            )
            messages.append(
                {
                    "curve": curve,
                    "schema": schema,
                    "suite": algorithm.name,
                    "encryptionContext": context,
                    "message": base64.b64encode(message).decode(),
                }
            )

libraries = ["aws-encryption-sdk", "aws-cryptographic-material-providers"]
document = {
    "made by": {library: version(library) for library in libraries},
    "plaintext": plaintext.decode(),
    "keys": keys,
    "messages": messages,
}
path = Path(__file__).parent.parent / "test" / "fixtures" / "python-ecdh.json"
path.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n")
