package interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.DynamoDbEncryptionInterceptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DynamoDbItemEncryptorConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.BeaconKeySource;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.BeaconVersion;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbTableEncryptionConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbTablesEncryptionConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.PlaintextOverride;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SearchConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.SingleKeyStore;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.StandardBeacon;
import software.amazon.cryptography.dbencryptionsdk.structuredencryption.model.CryptoAction;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.model.DBEAlgorithmSuiteId;

/** Builds what encrypts the items of a table from the JSON that test/support/dynamodb/table-spec.ts describes. */
final class ItemTables {
  private static final Map<String, DBEAlgorithmSuiteId> SUITES =
      Map.of(
          "0x6700",
          DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384,
          "0x6701",
          DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384);

  private final Map<String, DynamoDbItemEncryptor> encryptors = new HashMap<>();
  private final Map<String, DynamoDbClient> dynamoDb = new HashMap<>();
  private final JsonNode specs;
  private final Function<String, IKeyring> keyrings;
  private final KeyStores keyStores;
  private final Clients clients;

  /** The descriptions by name, and what they name. */
  ItemTables(
      JsonNode specs, Function<String, IKeyring> keyrings, KeyStores keyStores, Clients clients) {
    this.specs = specs;
    this.keyrings = keyrings;
    this.keyStores = keyStores;
    this.clients = clients;
  }

  JsonNode spec(String name) {
    return specs.required(name);
  }

  DynamoDbItemEncryptor encryptor(String name) {
    return encryptors.computeIfAbsent(name, table -> createEncryptor(spec(table)));
  }

  /** A client of DynamoDB for a table there. */
  DynamoDbClient client(String name, String tableName) {
    return dynamoDb.computeIfAbsent(
        name + " as " + tableName, key -> createClient(spec(name), tableName));
  }

  private DynamoDbItemEncryptor createEncryptor(JsonNode spec) {
    var table = config(spec);
    var config =
        DynamoDbItemEncryptorConfig.builder()
            .logicalTableName(table.logicalTableName())
            .partitionKeyName(table.partitionKeyName())
            .sortKeyName(table.sortKeyName())
            .attributeActionsOnEncrypt(table.attributeActionsOnEncrypt())
            .allowedUnsignedAttributes(table.allowedUnsignedAttributes())
            .allowedUnsignedAttributePrefix(table.allowedUnsignedAttributePrefix())
            .algorithmSuiteId(table.algorithmSuiteId())
            .plaintextOverride(table.plaintextOverride())
            .keyring(table.keyring())
            .build();
    return DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(config).build();
  }

  private DynamoDbClient createClient(JsonNode spec, String tableName) {
    var tables =
        DynamoDbTablesEncryptionConfig.builder()
            .tableEncryptionConfigs(Map.of(tableName, config(spec)))
            .build();
    var interceptor = DynamoDbEncryptionInterceptor.builder().config(tables).build();
    return clients.dynamoDbThrough(interceptor);
  }

  private DynamoDbTableEncryptionConfig config(JsonNode spec) {
    var config =
        DynamoDbTableEncryptionConfig.builder()
            .logicalTableName(spec.required("logicalTableName").textValue())
            .partitionKeyName(spec.required("partitionKeyName").textValue())
            .sortKeyName(spec.path("sortKeyName").textValue())
            .attributeActionsOnEncrypt(actions(spec.required("attributeActionsOnEncrypt")))
            .allowedUnsignedAttributePrefix(spec.path("allowedUnsignedAttributePrefix").textValue())
            .keyring(keyrings.apply(spec.required("keyring").textValue()));
    if (spec.has("allowedUnsignedAttributes")) {
      config.allowedUnsignedAttributes(Keyrings.texts(spec, "allowedUnsignedAttributes"));
    }
    if (spec.has("suite")) config.algorithmSuiteId(SUITES.get(spec.get("suite").textValue()));
    if (spec.has("plaintextOverride")) {
      String override = spec.get("plaintextOverride").textValue();
      config.plaintextOverride(PlaintextOverride.valueOf(override));
    }
    if (spec.has("beacons")) config.search(search(spec.get("beacons")));
    return config.build();
  }

  private SearchConfig search(JsonNode spec) {
    List<StandardBeacon> beacons = new ArrayList<>();
    for (String attribute : Keyrings.texts(spec, "attributes")) {
      beacons.add(StandardBeacon.builder().name(attribute).length(8).build());
    }
    var keyId = spec.required("branchKeyId").textValue();
    var single = SingleKeyStore.builder().keyId(keyId).cacheTTL(600).build();
    var version =
        BeaconVersion.builder()
            .version(1)
            .keyStore(keyStores.build(spec.required("keyStore")))
            .keySource(BeaconKeySource.builder().single(single).build())
            .standardBeacons(beacons)
            .build();
    return SearchConfig.builder().writeVersion(1).versions(List.of(version)).build();
  }

  private static Map<String, CryptoAction> actions(JsonNode node) {
    Map<String, CryptoAction> actions = new HashMap<>();
    for (Map.Entry<String, JsonNode> pair : node.properties()) {
      actions.put(pair.getKey(), CryptoAction.valueOf(pair.getValue().textValue()));
    }
    return actions;
  }
}
