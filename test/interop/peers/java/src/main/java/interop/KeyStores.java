package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.BranchKeyMaterials;
import software.amazon.cryptography.keystore.model.CreateKeyInput;
import software.amazon.cryptography.keystore.model.Discovery;
import software.amazon.cryptography.keystore.model.GetActiveBranchKeyInput;
import software.amazon.cryptography.keystore.model.GetBeaconKeyInput;
import software.amazon.cryptography.keystore.model.GetBranchKeyVersionInput;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.keystore.model.MRDiscovery;
import software.amazon.cryptography.keystore.model.VersionKeyInput;

/** Builds branch key stores from the JSON that test/support/key-store-spec.ts describes, and calls them. */
final class KeyStores {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<JsonNode, KeyStore> built = new HashMap<>();
  private final Clients clients;

  KeyStores(Clients clients) {
    this.clients = clients;
  }

  KeyStore build(JsonNode spec) {
    return built.computeIfAbsent(spec, this::create);
  }

  /** The result of a job for a key store. */
  ObjectNode call(JsonNode job) {
    KeyStore store = build(job.required("keyStore"));
    String branchKeyId = job.path("branchKeyId").textValue();
    return switch (job.required("do").textValue()) {
      case "create-key" -> createKey(store, job, branchKeyId);
      case "version-key" -> {
        store.VersionKey(VersionKeyInput.builder().branchKeyIdentifier(branchKeyId).build());
        yield JSON.createObjectNode().put("branchKeyId", branchKeyId);
      }
      case "get-active-key" ->
          branchKey(
              store
                  .GetActiveBranchKey(
                      GetActiveBranchKeyInput.builder().branchKeyIdentifier(branchKeyId).build())
                  .branchKeyMaterials());
      case "get-key-version" ->
          branchKey(
              store
                  .GetBranchKeyVersion(
                      GetBranchKeyVersionInput.builder()
                          .branchKeyIdentifier(branchKeyId)
                          .branchKeyVersion(job.required("branchKeyVersion").textValue())
                          .build())
                  .branchKeyMaterials());
      default -> beaconKey(store, branchKeyId);
    };
  }

  private KeyStore create(JsonNode spec) {
    return KeyStore.builder()
        .KeyStoreConfig(
            KeyStoreConfig.builder()
                .ddbTableName(spec.required("tableName").textValue())
                .logicalKeyStoreName(spec.required("logicalKeyStoreName").textValue())
                .kmsConfiguration(configuration(spec.required("kmsConfiguration")))
                .ddbClient(clients.dynamoDb(spec.required("tableRegion").textValue()))
                .kmsClient(clients.kms(spec.required("kmsRegion").textValue()))
                .build())
        .build();
  }

  private static KMSConfiguration configuration(JsonNode spec) {
    var configuration = KMSConfiguration.builder();
    switch (spec.required("type").textValue()) {
      case "key" -> configuration.kmsKeyArn(spec.required("keyArn").textValue());
      case "multi-region-key" -> configuration.kmsMRKeyArn(spec.required("keyArn").textValue());
      case "discovery" -> configuration.discovery(Discovery.builder().build());
      default ->
          configuration.mrDiscovery(
              MRDiscovery.builder().region(spec.required("region").textValue()).build());
    }
    return configuration.build();
  }

  private static ObjectNode createKey(KeyStore store, JsonNode job, String branchKeyId) {
    var input = CreateKeyInput.builder();
    if (branchKeyId != null) input.branchKeyIdentifier(branchKeyId);
    if (job.has("encryptionContext")) {
      input.encryptionContext(Peer.pairs(job.get("encryptionContext")));
    }
    String created = store.CreateKey(input.build()).branchKeyIdentifier();
    return JSON.createObjectNode().put("branchKeyId", created);
  }

  private static ObjectNode branchKey(BranchKeyMaterials materials) {
    ObjectNode answer = JSON.createObjectNode();
    answer
        .putObject("branchKey")
        .put("branchKeyId", materials.branchKeyIdentifier())
        .put("branchKeyVersion", materials.branchKeyVersion())
        .put("key", bytes(materials.branchKey()))
        .set("encryptionContext", JSON.valueToTree(materials.encryptionContext()));
    return answer;
  }

  private static ObjectNode beaconKey(KeyStore store, String branchKeyId) {
    var materials =
        store
            .GetBeaconKey(GetBeaconKeyInput.builder().branchKeyIdentifier(branchKeyId).build())
            .beaconKeyMaterials();
    ObjectNode answer = JSON.createObjectNode();
    answer
        .putObject("branchKey")
        .put("branchKeyId", materials.beaconKeyIdentifier())
        .put("key", bytes(materials.beaconKey()))
        .set("encryptionContext", JSON.valueToTree(materials.encryptionContext()));
    return answer;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
