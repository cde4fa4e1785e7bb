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
from keyrings import Keyrings

suites = {algorithm.algorithm_id: algorithm for algorithm in Algorithm}


def encrypt(client, keyring, job):
    message, _ = client.encrypt(
        source=b64decode(job["plaintext"]),
        keyring=keyring,
        algorithm=suites[job["suiteId"]],
        frame_length=job["frameLength"],
        encryption_context=job["encryptionContext"],
    )
    return {"message": b64encode(message).decode()}


def decrypt(client, keyring, job):
    plaintext, header = client.decrypt(source=b64decode(job["message"]), keyring=keyring)
    return {
        "plaintext": b64encode(plaintext).decode(),
        "encryptionContext": header.encryption_context,
    }


def main(jobs_file, results_file):
    document = json.loads(Path(jobs_file).read_text("utf-8"))
    keyrings = Keyrings(document["endpoint"])
    clients = {
        policy.name: aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)
        for policy in CommitmentPolicy
    }
    built = {}

    def keyring_of(name):
        if name not in built:
            built[name] = keyrings.build(document["keyrings"][name])
        return built[name]

    results = {}
    for job in document["jobs"]:
        run = encrypt if job["do"] == "encrypt" else decrypt
        try:
            keyring = keyring_of(job["keyring"])
            results[job["id"]] = run(clients[job["commitmentPolicy"]], keyring, job)
        except Exception as error:  # whatever it is, it is this job's result
            results[job["id"]] = {"error": f"{type(error).__name__}: {error}"}

    libraries = ["aws-encryption-sdk", "aws-cryptographic-material-providers"]
    versions = {library: version(library) for library in libraries}
    Path(results_file).write_text(
        json.dumps({"versions": versions, "results": results}), encoding="utf-8"
    )


main(*sys.argv[1:])
