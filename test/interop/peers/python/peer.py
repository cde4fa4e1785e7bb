"""The AWS Encryption SDK for Python as a peer of test/interop/run.ts: python peer.py JOBS.json RESULTS.json

test/interop/live/jobs.ts describes both files.
"""

import json
import sys
from base64 import b64decode, b64encode
from importlib.metadata import version
from pathlib import Path

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy
from keyrings import Keyrings, required_context_cmm

suites = {algorithm.algorithm_id: algorithm for algorithm in Algorithm}


def manager(keyring, job):
    if "requiredKeys" in job:
        return {"materials_manager": required_context_cmm(keyring, job["requiredKeys"])}
    return {"keyring": keyring}


def encrypt(client, keyring, job):
    message, _ = client.encrypt(
        source=b64decode(job["plaintext"]),
        **manager(keyring, job),
        algorithm=suites[job["suiteId"]],
        frame_length=job["frameLength"],
        encryption_context=job["encryptionContext"],
    )
    return {"message": b64encode(message).decode()}


def decrypt(client, keyring, job):
    plaintext, header = client.decrypt(
        source=b64decode(job["message"]),
        encryption_context=job.get("encryptionContext"),
        **manager(keyring, job),
    )
    return {
        "plaintext": b64encode(plaintext).decode(),
        "encryptionContext": header.encryption_context,
    }


def main(jobs_file, results_file):
    document = json.loads(Path(jobs_file).read_text("utf-8"))
    keyrings = Keyrings(
        {"kms": document["endpoint"], "dynamodb": document.get("dynamoDbEndpoint")}
    )
    clients = {
        policy.name: aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)
        for policy in CommitmentPolicy
    }
    built = {}

    def keyring_of(name):
        if name not in built:
            built[name] = keyrings.build(document["keyrings"][name])
        return built[name]

    def run(job):
        if "keyStore" in job:
            return keyrings.key_stores.call(job)
        on_message = encrypt if job["do"] == "encrypt" else decrypt
        return on_message(clients[job["commitmentPolicy"]], keyring_of(job["keyring"]), job)

    results = {}
    for job in document["jobs"]:
        try:
            results[job["id"]] = run(job)
        except Exception as error:  # whatever it is, it is this job's result
            results[job["id"]] = {"error": f"{type(error).__name__}: {error}"}

    libraries = ["aws-encryption-sdk", "aws-cryptographic-material-providers"]
    versions = {library: version(library) for library in libraries}
    Path(results_file).write_text(
        json.dumps({"versions": versions, "results": results}), encoding="utf-8"
    )


main(*sys.argv[1:])
