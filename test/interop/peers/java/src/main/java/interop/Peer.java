package interop;

import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.materialproviders.ICryptographicMaterialsManager;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;

/**
 * The AWS Encryption SDK and Database Encryption SDK for Java as a peer of test/interop/run.ts: {@code Peer JOBS.json
 * RESULTS.json}. test/interop/live/jobs.ts describes both files.
 */
public final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, CommitmentPolicy> POLICIES =
      Map.of(
          "FORBID_ENCRYPT_ALLOW_DECRYPT", CommitmentPolicy.ForbidEncryptAllowDecrypt,
          "REQUIRE_ENCRYPT_ALLOW_DECRYPT", CommitmentPolicy.RequireEncryptAllowDecrypt,
          "REQUIRE_ENCRYPT_REQUIRE_DECRYPT", CommitmentPolicy.RequireEncryptRequireDecrypt);

  private final JsonNode document;
  private final KeyStores keyStores;
  private final Keyrings keyrings;
  private final Items items;
  private final Map<String, IKeyring> built = new HashMap<>();

  private Peer(JsonNode document) {
    this.document = document;
    String dynamoDb = document.path("dynamoDbEndpoint").textValue();
    Clients clients = new Clients(document.get("endpoint").textValue(), dynamoDb);
    this.keyStores = new KeyStores(clients);
    this.keyrings = new Keyrings(clients, keyStores);
    this.items =
        new Items(
            new ItemTables(document.path("itemTables"), this::keyring, keyStores, clients));
  }

  public static void main(String[] args) throws IOException {
    Peer peer = new Peer(JSON.readTree(Path.of(args[0]).toFile()));
    ObjectNode results = JSON.createObjectNode();
    for (JsonNode job : peer.document.get("jobs")) {
      results.set(job.get("id").textValue(), peer.run(job));
    }
    ObjectNode versions = JSON.createObjectNode();
    versions.put("aws-encryption-sdk-java", version(AwsCrypto.class));
    versions.put("aws-cryptographic-material-providers", version(MaterialProviders.class));
    versions.put("aws-database-encryption-sdk-dynamodb", version(DynamoDbItemEncryptor.class));
    ObjectNode output = JSON.createObjectNode();
    output.set("versions", versions);
    output.set("results", results);
    JSON.writeValue(Path.of(args[1]).toFile(), output);
    System.exit(0); // the AWS SDK's threads would keep it running for a while
  }

  private ObjectNode run(JsonNode job) {
    try {
      if (job.has("keyStore")) return keyStores.call(job);
      if (job.has("itemTable")) return items.call(job);
      IKeyring keyring = keyring(job.get("keyring").textValue());
      return job.get("do").textValue().equals("encrypt")
          ? encrypt(keyring, job)
          : decrypt(keyring, job);
    } catch (Exception error) { // whatever it is, it is this job's result
      return JSON.createObjectNode().put("error", error.toString());
    }
  }

  private IKeyring keyring(String name) {
    return built.computeIfAbsent(name, key -> keyrings.build(document.get("keyrings").get(key)));
  }

  private ObjectNode encrypt(IKeyring keyring, JsonNode job) throws IOException {
    AwsCrypto crypto =
        AwsCrypto.builder()
            .withCommitmentPolicy(POLICIES.get(job.get("commitmentPolicy").textValue()))
            .withEncryptionAlgorithm(suite(job.get("suiteId").shortValue()))
            .withEncryptionFrameSize(job.get("frameLength").intValue())
            .build();
    Map<String, String> context = pairs(job.get("encryptionContext"));
    byte[] plaintext = job.get("plaintext").binaryValue();
    byte[] message =
        job.has("requiredKeys")
            ? crypto.encryptData(requiredContextCmm(keyring, job), plaintext, context).getResult()
            : crypto.encryptData(keyring, plaintext, context).getResult();
    return JSON.createObjectNode().put("message", message);
  }

  private ObjectNode decrypt(IKeyring keyring, JsonNode job) throws IOException {
    AwsCrypto crypto =
        AwsCrypto.builder()
            .withCommitmentPolicy(POLICIES.get(job.get("commitmentPolicy").textValue()))
            .build();
    byte[] message = job.get("message").binaryValue();
    var result =
        job.has("requiredKeys")
            ? crypto.decryptData(
                requiredContextCmm(keyring, job), message, pairs(job.get("encryptionContext")))
            : crypto.decryptData(keyring, message);
    ObjectNode answer = JSON.createObjectNode().put("plaintext", result.getResult());
    answer.set("encryptionContext", JSON.valueToTree(result.getEncryptionContext()));
    return answer;
  }

  private ICryptographicMaterialsManager requiredContextCmm(IKeyring keyring, JsonNode job) {
    return keyrings.requiredContextCmm(keyring, Keyrings.texts(job, "requiredKeys"));
  }

  static Map<String, String> pairs(JsonNode node) {
    Map<String, String> pairs = new HashMap<>();
    for (Map.Entry<String, JsonNode> pair : node.properties()) {
      pairs.put(pair.getKey(), pair.getValue().textValue());
    }
    return pairs;
  }

  private static CryptoAlgorithm suite(short id) {
    return Arrays.stream(CryptoAlgorithm.values())
        .filter(algorithm -> algorithm.getValue() == id)
        .findFirst()
        .orElseThrow();
  }

  /** The version in the name of the jar file that the class comes from. */
  private static String version(Class<?> type) {
    String jar = type.getProtectionDomain().getCodeSource().getLocation().getPath();
    return jar.replaceFirst(".*-([0-9][0-9.]*)\\.jar$", "$1");
  }
}
