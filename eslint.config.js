// The page's scripts are one script: what a file declares, the others use.
const js = require("@eslint/js");

module.exports = [
  {
    files: ["ensemble_switchover/reporting/explorer/script/*.js"],
    languageOptions: { sourceType: "script" },
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off", // TypeScript knows the other files' names,
      "no-unused-vars": "off", // and they what is used here by none
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "write"].map((property) => ({
          property,
          message: "Text from records is never markup: use textContent.",
        })),
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-var": "error",
    },
  },
];
