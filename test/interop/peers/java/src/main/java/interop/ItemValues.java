package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Items of DynamoDB as the JSON that its API has them in: binary values are base64. */
final class ItemValues {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ItemValues() {}

  static Map<String, AttributeValue> item(JsonNode node) throws IOException {
    Map<String, AttributeValue> item = new HashMap<>();
    for (Map.Entry<String, JsonNode> pair : node.properties()) {
      item.put(pair.getKey(), value(pair.getValue()));
    }
    return item;
  }

  static ObjectNode json(Map<String, AttributeValue> item) {
    ObjectNode node = JSON.createObjectNode();
    item.forEach((name, value) -> node.set(name, json(value)));
    return node;
  }

  private static AttributeValue value(JsonNode node) throws IOException {
    Map.Entry<String, JsonNode> only = node.properties().iterator().next();
    JsonNode inner = only.getValue();
    var value = AttributeValue.builder();
    return switch (only.getKey()) {
      case "S" -> value.s(inner.textValue()).build();
      case "N" -> value.n(inner.textValue()).build();
      case "B" -> value.b(SdkBytes.fromByteArray(inner.binaryValue())).build();
      case "BOOL" -> value.bool(inner.booleanValue()).build();
      case "NULL" -> value.nul(inner.booleanValue()).build();
      case "SS" -> value.ss(texts(inner)).build();
      case "NS" -> value.ns(texts(inner)).build();
      case "BS" -> {
        List<SdkBytes> members = new ArrayList<>();
        for (JsonNode member : inner) members.add(SdkBytes.fromByteArray(member.binaryValue()));
        yield value.bs(members).build();
      }
      case "L" -> {
        List<AttributeValue> members = new ArrayList<>();
        for (JsonNode member : inner) members.add(value(member));
        yield value.l(members).build();
      }
      case "M" -> value.m(item(inner)).build();
      default -> throw new IllegalArgumentException("No value of type " + only.getKey());
    };
  }

  private static ObjectNode json(AttributeValue value) {
    ObjectNode node = JSON.createObjectNode();
    return switch (value.type()) {
      case S -> node.put("S", value.s());
      case N -> node.put("N", value.n());
      case B -> node.put("B", value.b().asByteArray());
      case BOOL -> node.put("BOOL", value.bool());
      case NUL -> node.put("NULL", value.nul());
      case SS -> node.set("SS", JSON.valueToTree(value.ss()));
      case NS -> node.set("NS", JSON.valueToTree(value.ns()));
      case BS -> {
        ArrayNode members = node.putArray("BS");
        for (SdkBytes member : value.bs()) members.add(member.asByteArray());
        yield node;
      }
      case L -> {
        ArrayNode members = node.putArray("L");
        for (AttributeValue member : value.l()) members.add(json(member));
        yield node;
      }
      case M -> node.set("M", json(value.m()));
      default -> throw new IllegalArgumentException("No value of type " + value.type());
    };
  }

  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    for (JsonNode text : node) texts.add(text.textValue());
    return texts;
  }
}
