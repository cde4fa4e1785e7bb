package interop;

import com.amazonaws.services.dynamodbv2.datamodeling.encryption.DynamoDBEncryptor;
import com.amazonaws.services.dynamodbv2.datamodeling.encryption.EncryptionContext;
import com.amazonaws.services.dynamodbv2.datamodeling.encryption.providers.SymmetricStaticProvider;
import com.fasterxml.jackson.databind.JsonNode;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * What the DynamoDB Encryption Client before the Database Encryption SDK wrote: items of strings. The library
 * for the latter still has it.
 */
final class LegacyItems {
  private LegacyItems() {}

  static Map<String, AttributeValue> encrypt(Map<String, AttributeValue> item, JsonNode table)
      throws GeneralSecurityException {
    String key = table.required("partitionKeyName").textValue();
    var provider =
        new SymmetricStaticProvider(
            new SecretKeySpec(new byte[32], "AES"), new SecretKeySpec(new byte[32], "HmacSHA256"));
    var context =
        new EncryptionContext.Builder()
            .withTableName(table.required("logicalTableName").textValue())
            .withHashKeyName(key)
            .build();
    Map<String, com.amazonaws.services.dynamodbv2.model.AttributeValue> old = new HashMap<>();
    item.forEach(
        (name, value) ->
            old.put(
                name,
                new com.amazonaws.services.dynamodbv2.model.AttributeValue().withS(value.s())));
    var encryptor = DynamoDBEncryptor.getInstance(provider);
    Map<String, AttributeValue> encrypted = new HashMap<>();
    encryptor
        .encryptAllFieldsExcept(old, context, key)
        .forEach(
            (name, value) ->
                encrypted.put(
                    name,
                    value.getS() == null
                        ? AttributeValue.fromB(SdkBytes.fromByteBuffer(value.getB()))
                        : AttributeValue.fromS(value.getS())));
    return encrypted;
  }
}
