"""Amazon Bedrock's model invocation logs, in CloudWatch Logs and in S3."""
