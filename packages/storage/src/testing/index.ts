export { ClassStore } from './class-store.ts'
export { type ContractStore, storeContract } from './store-contract.ts'
