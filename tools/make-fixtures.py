"""Writes test/fixtures/python.json: messages made by the AWS Encryption SDK for Python.

pip install 'aws-encryption-sdk[MPL]' && python tools/make-fixtures.py

The keys in the file are test keys and protect nothing. Running it again rewrites every message.
"""

import base64
import json
from importlib.metadata import version
from pathlib import Path

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    PaddingScheme,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy

fixtures = Path(__file__).parent.parent / "test" / "fixtures"
wrapping_key = bytes(range(32))
rsa = json.loads((fixtures / "messages.json").read_text())["keys"]["rsa-2048"]
context = {"purpose": "test", "Zone": "ü", "\U0001f511": "key", "\ue000": "before it"}
paddings = {
    "pkcs1": PaddingScheme.PKCS1,
    "oaep-sha1": PaddingScheme.OAEP_SHA1_MGF1,
    "oaep-sha256": PaddingScheme.OAEP_SHA256_MGF1,
    "oaep-sha384": PaddingScheme.OAEP_SHA384_MGF1,
    "oaep-sha512": PaddingScheme.OAEP_SHA512_MGF1,
}

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
aes_keyring = providers.create_raw_aes_keyring(
    input=CreateRawAesKeyringInput(
        key_namespace="test",
        key_name="aes",
        wrapping_key=wrapping_key,
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
)
committing = aws_encryption_sdk.EncryptionSDKClient()
others = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
)
messages = []


def add(keyring, algorithm, size, frame_length, **wrapping):
    client = committing if algorithm.is_committing() else others
    message, _ = client.encrypt(
        source=bytes(i % 251 for i in range(size)),
        keyring=keyring,
        algorithm=algorithm,
        frame_length=frame_length,
        encryption_context=context,
    )
    messages.append(
        {
            "suite": algorithm.name,
            "size": size,
            "framed": frame_length > 0,
            **wrapping,
            "message": base64.b64encode(message).decode(),
        }
    )


for algorithm in Algorithm:
    for size, frame_length in [(0, 128), (300, 128), (300, 0)]:
        add(aes_keyring, algorithm, size, frame_length)
for padding, scheme in paddings.items():
    rsa_keyring = providers.create_raw_rsa_keyring(
        input=CreateRawRsaKeyringInput(
            key_namespace="test",
            key_name="rsa",
            padding_scheme=scheme,
            public_key=rsa["publicKey"].encode(),
            private_key=rsa["privateKey"].encode(),
        )
    )
    add(rsa_keyring, Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY, 40, 128, padding=padding)

libraries = ["aws-encryption-sdk", "aws-cryptographic-material-providers"]
document = {
    "made by": {library: version(library) for library in libraries},
    "wrappingKey": base64.b64encode(wrapping_key).decode(),
    "rsaPrivateKey": rsa["privateKey"],
    "encryptionContext": context,
    "messages": messages,
}
text = json.dumps(document, indent=1, ensure_ascii=True)
(fixtures / "python.json").write_text(text + "\n")
