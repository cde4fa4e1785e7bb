import { runDynamoDbStorage } from './storage.ts'
const t = await runDynamoDbStorage(); console.log(t)
