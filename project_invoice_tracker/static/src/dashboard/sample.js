/** What the page looks like with work on it: shown faded, behind the explanation. */
export const SAMPLE = [
    {key: "ready", amount: 18400, days: 0},
    {key: "draft", amount: 6200, days: 0},
    {key: "open", amount: 31750, days: 0},
    {key: "overdue", amount: 4300, days: 12},
];
