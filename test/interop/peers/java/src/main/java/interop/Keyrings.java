package interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.DynamoDbEncryption;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.CreateDynamoDbEncryptionBranchKeyIdSupplierInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.DynamoDbEncryptionConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.model.GetBranchKeyIdFromDdbKeyOutput;
import software.amazon.cryptography.materialproviders.IBranchKeyIdSupplier;
import software.amazon.cryptography.materialproviders.ICryptographicMaterialsManager;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.AesWrappingAlg;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsDiscoveryMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsHierarchicalKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkDiscoveryMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateDefaultCryptographicMaterialsManagerInput;
import software.amazon.cryptography.materialproviders.model.CreateMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawAesKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRequiredEncryptionContextCMMInput;
import software.amazon.cryptography.materialproviders.model.DiscoveryFilter;
import software.amazon.cryptography.materialproviders.model.EphemeralPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.KmsPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsPublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.materialproviders.model.PaddingScheme;
import software.amazon.cryptography.materialproviders.model.PublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.RawEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.RawPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.primitives.model.ECDHCurveSpec;

/** Builds keyrings from the JSON that test/support/keyring-spec.ts and key-store-spec.ts describe. */
final class Keyrings {
  private static final Map<Integer, AesWrappingAlg> WRAPPING_ALGORITHMS =
      Map.of(
          16, AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
          24, AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
          32, AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16);
  private static final Map<String, PaddingScheme> PADDINGS =
      Map.of(
          "pkcs1", PaddingScheme.PKCS1,
          "oaep-sha1", PaddingScheme.OAEP_SHA1_MGF1,
          "oaep-sha256", PaddingScheme.OAEP_SHA256_MGF1,
          "oaep-sha384", PaddingScheme.OAEP_SHA384_MGF1,
          "oaep-sha512", PaddingScheme.OAEP_SHA512_MGF1);
  private static final Map<String, ECDHCurveSpec> CURVES =
      Map.of(
          "P-256", ECDHCurveSpec.ECC_NIST_P256,
          "P-384", ECDHCurveSpec.ECC_NIST_P384,
          "P-521", ECDHCurveSpec.ECC_NIST_P521);

  private final MaterialProviders providers =
      MaterialProviders.builder()
          .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
          .build();
  private final Clients clients;
  private final KeyStores keyStores;

  Keyrings(Clients clients, KeyStores keyStores) {
    this.clients = clients;
    this.keyStores = keyStores;
  }

  IKeyring build(JsonNode spec) {
    String type = text(spec, "type");
    return switch (type) {
      case "raw-aes" -> rawAes(spec);
      case "raw-rsa" -> rawRsa(spec);
      case "raw-ecdh" -> rawEcdh(spec);
      case "multi" -> multi(spec);
      case "kms" -> kms(spec);
      case "kms-discovery" -> kmsDiscovery(spec);
      case "kms-mrk" -> kmsMrk(spec);
      case "kms-mrk-discovery" -> kmsMrkDiscovery(spec);
      case "kms-multi" -> kmsMulti(spec);
      case "kms-mrk-multi" -> kmsMrkMulti(spec);
      case "kms-discovery-multi" -> kmsDiscoveryMulti(spec);
      case "kms-mrk-discovery-multi" -> kmsMrkDiscoveryMulti(spec);
      case "kms-rsa" -> kmsRsa(spec);
      case "kms-ecdh" -> kmsEcdh(spec);
      case "hierarchical" -> hierarchical(spec);
      default -> throw new IllegalArgumentException("No keyring of type " + type);
    };
  }

  /** What has these pairs of the encryption context bound to a message and not stored in it. */
  ICryptographicMaterialsManager requiredContextCmm(IKeyring keyring, List<String> requiredKeys) {
    // It takes no keyring, though its input has a field for one.
    ICryptographicMaterialsManager defaultCmm =
        providers.CreateDefaultCryptographicMaterialsManager(
            CreateDefaultCryptographicMaterialsManagerInput.builder().keyring(keyring).build());
    return providers.CreateRequiredEncryptionContextCMM(
        CreateRequiredEncryptionContextCMMInput.builder()
            .underlyingCMM(defaultCmm)
            .requiredEncryptionContextKeys(requiredKeys)
            .build());
  }

  private KmsClient client(String region) {
    return clients.kms(region);
  }

  private IKeyring rawAes(JsonNode spec) {
    ByteBuffer wrappingKey = bytes(spec, "wrappingKey");
    return providers.CreateRawAesKeyring(
        CreateRawAesKeyringInput.builder()
            .keyNamespace(text(spec, "keyNamespace"))
            .keyName(text(spec, "keyName"))
            .wrappingKey(wrappingKey)
            .wrappingAlg(WRAPPING_ALGORITHMS.get(wrappingKey.remaining()))
            .build());
  }

  private IKeyring rawRsa(JsonNode spec) {
    var input =
        CreateRawRsaKeyringInput.builder()
            .keyNamespace(text(spec, "keyNamespace"))
            .keyName(text(spec, "keyName"))
            .paddingScheme(PADDINGS.get(text(spec, "padding")));
    if (spec.has("publicKey")) input.publicKey(pem(spec, "publicKey"));
    if (spec.has("privateKey")) input.privateKey(pem(spec, "privateKey"));
    return providers.CreateRawRsaKeyring(input.build());
  }

  private IKeyring rawEcdh(JsonNode spec) {
    var scheme = RawEcdhStaticConfigurations.builder();
    switch (text(spec, "schema")) {
      case "static" ->
          scheme.RawPrivateKeyToStaticPublicKey(
              RawPrivateKeyToStaticPublicKeyInput.builder()
                  .senderStaticPrivateKey(pem(spec, "senderPrivateKey"))
                  .recipientPublicKey(bytes(spec, "recipientPublicKey"))
                  .build());
      case "ephemeral" ->
          scheme.EphemeralPrivateKeyToStaticPublicKey(
              EphemeralPrivateKeyToStaticPublicKeyInput.builder()
                  .recipientPublicKey(bytes(spec, "recipientPublicKey"))
                  .build());
      default ->
          scheme.PublicKeyDiscovery(
              PublicKeyDiscoveryInput.builder()
                  .recipientStaticPrivateKey(pem(spec, "recipientPrivateKey"))
                  .build());
    }
    return providers.CreateRawEcdhKeyring(
        CreateRawEcdhKeyringInput.builder()
            .KeyAgreementScheme(scheme.build())
            .curveSpec(CURVES.get(text(spec, "curve")))
            .build());
  }

  private IKeyring multi(JsonNode spec) {
    List<IKeyring> children = new ArrayList<>();
    for (JsonNode child : spec.get("children")) children.add(build(child));
    return providers.CreateMultiKeyring(
        CreateMultiKeyringInput.builder()
            .generator(build(spec.get("generator")))
            .childKeyrings(children)
            .build());
  }

  private IKeyring kms(JsonNode spec) {
    return providers.CreateAwsKmsKeyring(
        CreateAwsKmsKeyringInput.builder()
            .kmsKeyId(text(spec, "keyId"))
            .kmsClient(client(text(spec, "region")))
            .build());
  }

  private IKeyring kmsDiscovery(JsonNode spec) {
    return providers.CreateAwsKmsDiscoveryKeyring(
        CreateAwsKmsDiscoveryKeyringInput.builder()
            .kmsClient(client(text(spec, "region")))
            .discoveryFilter(filter(spec))
            .build());
  }

  private IKeyring kmsMrk(JsonNode spec) {
    return providers.CreateAwsKmsMrkKeyring(
        CreateAwsKmsMrkKeyringInput.builder()
            .kmsKeyId(text(spec, "keyId"))
            .kmsClient(client(text(spec, "region")))
            .build());
  }

  private IKeyring kmsMrkDiscovery(JsonNode spec) {
    return providers.CreateAwsKmsMrkDiscoveryKeyring(
        CreateAwsKmsMrkDiscoveryKeyringInput.builder()
            .kmsClient(client(text(spec, "region")))
            .region(text(spec, "region"))
            .discoveryFilter(filter(spec))
            .build());
  }

  private IKeyring kmsMulti(JsonNode spec) {
    return providers.CreateAwsKmsMultiKeyring(
        CreateAwsKmsMultiKeyringInput.builder()
            .generator(text(spec, "generator"))
            .kmsKeyIds(texts(spec, "keyIds"))
            .clientSupplier(input -> client(input.region()))
            .build());
  }

  private IKeyring kmsMrkMulti(JsonNode spec) {
    return providers.CreateAwsKmsMrkMultiKeyring(
        CreateAwsKmsMrkMultiKeyringInput.builder()
            .generator(text(spec, "generator"))
            .kmsKeyIds(texts(spec, "keyIds"))
            .clientSupplier(input -> client(input.region()))
            .build());
  }

  private IKeyring kmsDiscoveryMulti(JsonNode spec) {
    return providers.CreateAwsKmsDiscoveryMultiKeyring(
        CreateAwsKmsDiscoveryMultiKeyringInput.builder()
            .regions(texts(spec, "regions"))
            .discoveryFilter(filter(spec))
            .clientSupplier(input -> client(input.region()))
            .build());
  }

  private IKeyring kmsMrkDiscoveryMulti(JsonNode spec) {
    return providers.CreateAwsKmsMrkDiscoveryMultiKeyring(
        CreateAwsKmsMrkDiscoveryMultiKeyringInput.builder()
            .regions(texts(spec, "regions"))
            .discoveryFilter(filter(spec))
            .clientSupplier(input -> client(input.region()))
            .build());
  }

  private IKeyring kmsRsa(JsonNode spec) {
    var input =
        CreateAwsKmsRsaKeyringInput.builder()
            .kmsKeyId(text(spec, "keyId"))
            .encryptionAlgorithm(EncryptionAlgorithmSpec.fromValue(text(spec, "encryptionAlgorithm")))
            .kmsClient(client(text(spec, "region")));
    if (spec.has("publicKey")) input.publicKey(pem(spec, "publicKey"));
    return providers.CreateAwsKmsRsaKeyring(input.build());
  }

  private IKeyring kmsEcdh(JsonNode spec) {
    var scheme = KmsEcdhStaticConfigurations.builder();
    if (text(spec, "schema").equals("static")) {
      scheme.KmsPrivateKeyToStaticPublicKey(
          KmsPrivateKeyToStaticPublicKeyInput.builder()
              .senderKmsIdentifier(text(spec, "senderKeyId"))
              .recipientPublicKey(bytes(spec, "recipientPublicKey"))
              .build());
    } else {
      scheme.KmsPublicKeyDiscovery(
          KmsPublicKeyDiscoveryInput.builder()
              .recipientKmsIdentifier(text(spec, "recipientKeyId"))
              .build());
    }
    return providers.CreateAwsKmsEcdhKeyring(
        CreateAwsKmsEcdhKeyringInput.builder()
            .KeyAgreementScheme(scheme.build())
            .curveSpec(CURVES.get(text(spec, "curve")))
            .kmsClient(client(text(spec, "region")))
            .build());
  }

  private IKeyring hierarchical(JsonNode spec) {
    var input =
        CreateAwsKmsHierarchicalKeyringInput.builder()
            .keyStore(keyStores.build(spec.required("keyStore")))
            .ttlSeconds(600);
    if (spec.has("branchKeyIdAttribute")) {
      input.branchKeyIdSupplier(branchKeyIdSupplier(text(spec, "branchKeyIdAttribute")));
    } else {
      input.branchKeyId(text(spec, "branchKeyId"));
    }
    return providers.CreateAwsKmsHierarchicalKeyring(input.build());
  }

  /** What says that an item is encrypted under the branch key whose id this attribute of it holds. */
  private static IBranchKeyIdSupplier branchKeyIdSupplier(String attribute) {
    var config = DynamoDbEncryptionConfig.builder().build();
    return DynamoDbEncryption.builder()
        .DynamoDbEncryptionConfig(config)
        .build()
        .CreateDynamoDbEncryptionBranchKeyIdSupplier(
            CreateDynamoDbEncryptionBranchKeyIdSupplierInput.builder()
                .ddbKeyBranchKeyIdSupplier(
                    input ->
                        GetBranchKeyIdFromDdbKeyOutput.builder()
                            .branchKeyId(input.ddbKey().get(attribute).s())
                            .build())
                .build())
        .branchKeyIdSupplier();
  }

  private static DiscoveryFilter filter(JsonNode spec) {
    return DiscoveryFilter.builder()
        .accountIds(texts(spec, "accountIds"))
        .partition(text(spec, "partition"))
        .build();
  }

  private static String text(JsonNode spec, String field) {
    return spec.required(field).textValue();
  }

  static List<String> texts(JsonNode spec, String field) {
    List<String> values = new ArrayList<>();
    for (JsonNode value : spec.required(field)) values.add(value.textValue());
    return values;
  }

  private static ByteBuffer bytes(JsonNode spec, String field) {
    return ByteBuffer.wrap(Base64.getDecoder().decode(text(spec, field)));
  }

  private static ByteBuffer pem(JsonNode spec, String field) {
    return StandardCharsets.UTF_8.encode(text(spec, field));
  }
}
