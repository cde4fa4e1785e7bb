package interop;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/** Clients of KMS and of DynamoDB, one a region, which call the services on this machine. */
final class Clients {
  private static final StaticCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));

  private final Map<String, KmsClient> kms = new HashMap<>();
  private final Map<String, DynamoDbClient> dynamoDb = new HashMap<>();
  private final String kmsEndpoint;
  private final String dynamoDbEndpoint;

  /** The endpoint of DynamoDB is null where no job needs it. */
  Clients(String kmsEndpoint, String dynamoDbEndpoint) {
    this.kmsEndpoint = kmsEndpoint;
    this.dynamoDbEndpoint = dynamoDbEndpoint;
  }

  KmsClient kms(String region) {
    return kms.computeIfAbsent(
        region,
        name ->
            KmsClient.builder()
                .endpointOverride(URI.create(kmsEndpoint))
                .region(Region.of(name))
                .credentialsProvider(CREDENTIALS)
                .build());
  }

  /** One of its own, whose requests and answers go through the interceptor. */
  DynamoDbClient dynamoDbThrough(ExecutionInterceptor interceptor) {
    return DynamoDbClient.builder()
        .endpointOverride(URI.create(dynamoDbEndpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(CREDENTIALS)
        .overrideConfiguration(override -> override.addExecutionInterceptor(interceptor))
        .build();
  }

  DynamoDbClient dynamoDb(String region) {
    return dynamoDb.computeIfAbsent(
        region,
        name ->
            DynamoDbClient.builder()
                .endpointOverride(URI.create(dynamoDbEndpoint))
                .region(Region.of(name))
                .credentialsProvider(CREDENTIALS)
                .build());
  }
}
