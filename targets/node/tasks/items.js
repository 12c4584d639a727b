/** The body of /json, built again on every call. */
export function items() {
  const list = [];
  for (let i = 1; i <= 10; i++) {
    list.push({
      id: i,
      name: `Item ${i}`,
      sku: `SKU-${String(i).padStart(5, '0')}`,
      cents: 1000 + 99 * i,
      tags: ['a', 'b'],
      available: i % 2 === 1,
    });
  }
  return { items: list };
}
