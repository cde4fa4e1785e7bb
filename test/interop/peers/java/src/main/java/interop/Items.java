package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemOutput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.EncryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.EncryptItemOutput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.ParsedHeader;

/** The AWS Database Encryption SDK: does the jobs that test/interop/items/jobs.ts describes. */
final class Items {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ItemTables tables;

  Items(ItemTables tables) {
    this.tables = tables;
  }

  ObjectNode call(JsonNode job) throws Exception {
    String table = job.required("itemTable").textValue();
    Map<String, AttributeValue> item = ItemValues.item(job.required("item"));
    return switch (job.required("do").textValue()) {
      case "encrypt-item" -> {
        EncryptItemOutput output = encrypt(tables.encryptor(table), item);
        yield answer(output.encryptedItem(), output.parsedHeader());
      }
      case "decrypt-item" -> {
        DecryptItemOutput output = decrypt(tables.encryptor(table), item);
        yield answer(output.plaintextItem(), output.parsedHeader());
      }
      // By a client of DynamoDB that encrypts.
      case "put-item" -> {
        String name = job.required("tableName").textValue();
        tables.client(table, name).putItem(request -> request.tableName(name).item(item));
        yield answer(item, null);
      }
      case "get-item" -> {
        String name = job.required("tableName").textValue();
        var output = tables.client(table, name).getItem(get -> get.tableName(name).key(item));
        yield answer(output.item(), null);
      }
      case "measure-item" -> measure(tables.encryptor(table), item, job);
      default -> answer(LegacyItems.encrypt(item, tables.spec(table)), null);
    };
  }

  private static EncryptItemOutput encrypt(
      DynamoDbItemEncryptor encryptor, Map<String, AttributeValue> item) {
    return encryptor.EncryptItem(EncryptItemInput.builder().plaintextItem(item).build());
  }

  private static DecryptItemOutput decrypt(
      DynamoDbItemEncryptor encryptor, Map<String, AttributeValue> item) {
    return encryptor.DecryptItem(DecryptItemInput.builder().encryptedItem(item).build());
  }

  /** The nanoseconds of each of as many calls, after so many that the JIT compiler is done with them. */
  private static ObjectNode measure(
      DynamoDbItemEncryptor encryptor, Map<String, AttributeValue> item, JsonNode job) {
    int times = job.required("times").intValue();
    var encrypted = encrypt(encryptor, item).encryptedItem();
    ObjectNode answer = JSON.createObjectNode();
    for (int warm = 0; warm < 2; warm++) { // of which the first run is thrown away
      answer.put("encryptNs", nanoseconds(times, () -> encrypt(encryptor, item)));
      answer.put("decryptNs", nanoseconds(times, () -> decrypt(encryptor, encrypted)));
    }
    return answer;
  }

  private static long nanoseconds(int times, Runnable call) {
    long start = System.nanoTime();
    for (int i = 0; i < times; i++) call.run();
    return (System.nanoTime() - start) / times;
  }

  private static ObjectNode answer(Map<String, AttributeValue> item, ParsedHeader header)
      throws IOException {
    ObjectNode answer = JSON.createObjectNode();
    answer.set("item", ItemValues.json(item));
    if (header == null) return answer;
    ObjectNode node = answer.putObject("header");
    node.put("encryptedDataKeys", header.encryptedDataKeys().size());
    node.set("encryptionContext", JSON.valueToTree(header.encryptionContext()));
    Map<String, String> actions = new HashMap<>();
    header.attributeActionsOnEncrypt().forEach((name, does) -> actions.put(name, does.toString()));
    node.set("attributeActions", JSON.valueToTree(actions));
    return answer;
  }
}
