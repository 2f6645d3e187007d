# Factor scores, modification indices and score tests of lavaan 0.6-14, written to scores_and_indices.json.
# Run in this directory: Rscript scores_and_indices.R
suppressMessages(library(lavaan)); library(jsonlite)
full <- read.csv("data/alliance.csv"); holes <- read.csv("data/alliance_missing.csv")
items <- c(paste0("b", 1:4, "_w1"), paste0("g", 1:4, "_w1"), paste0("t", 1:4, "_w1"))
three <- paste(sapply(c(bond = "b", goal = "g", task = "t"), function(k) paste0(c(b = "bond", g = "goal", t = "task")[k], " =~ ",
  paste0(k, 1:4, "_w1", collapse = " + "))), collapse = "\n")
# lavaan's own search is pushed to its limit (with ordered variables its default tolerance is the limit)
control <- list(rel.tol = 1e-15, x.tol = 1e-14, abs.tol = 0, iter.max = 20000, eval.max = 20000)
fit <- function(model, args) {
  names(args) <- gsub("_", ".", names(args)); data <- if (is.null(args$missing)) full else holes
  if (!is.null(args$missing) && args$missing == "pairwise") args$missing <- "pairwise"
  suppressWarnings(do.call("sem", c(list(model = model, data = data, control = if (is.null(args$ordered)) control else list(), optim.force.converged = TRUE), args)))
}
unboxed <- function(args) lapply(args, function(a) if (length(a) == 1) unbox(a) else a)
models <- list(
  three = list(three, list()), means = list(three, list(meanstructure = TRUE)),
  outcome = list(paste0(three, "\ngpa ~ bond + goal + task + group"), list()),
  path = list(paste0(three, "\nbond ~ group\ntask ~ bond + group\ngpa ~ task"), list()),
  second = list(paste0(three, "\nalliance =~ bond + goal + task"), list()),
  fiml = list(three, list(missing = "fiml", estimator = "MLR")),
  outcome_fiml = list(paste0(three, "\ngpa ~ bond + goal + task + group"), list(missing = "fiml")),
  scalar = list(three, list(group = "group", group_equal = c("loadings", "intercepts"))),
  labels = list(gsub("b1_w1 + b2_w1 + b3", "b1_w1 + a*b2_w1 + a*b3", three, fixed = TRUE), list(estimator = "MLM")),
  dwls = list(three, list(estimator = "DWLS")),
  ordinal = list(three, list(ordered = items, estimator = "WLSMV")),
  ordinal_scalar = list(three, list(ordered = items, estimator = "WLSMV", group = "group", group_equal = c("thresholds", "loadings"))),
  ordinal_outcome = list(paste0(three, "\npersist ~ bond + goal + task + gpa\nbond ~ gpa"), list(ordered = c(items, "persist"), estimator = "WLSMV"))
)
rows_of <- c(1, 2, 3, 450, 901)
out <- lapply(names(models), function(name) {
  m <- models[[name]]; f <- fit(m[[1]], m[[2]]); result <- list(name = unbox(name), model = unbox(m[[1]]), args = unboxed(m[[2]]))
  if (is.null(m[[2]]$ordered)) result$scores <- lapply(c(regression = "regression", Bartlett = "Bartlett"), function(method) {
    x <- lavPredict(f, method = method, se = "standard"); se <- attr(x, "se")[[1]]; y <- unname(unclass(if (is.list(x)) x[[1]] else x))
    rows <- pmin(rows_of, nrow(y)); dimnames(se) <- NULL; attributes(y) <- attributes(y)["dim"]
    list(rows = rows, values = y[rows, , drop = FALSE], se = se[if (nrow(se) > 1) rows else 1, , drop = FALSE])
  })
  mi <- modindices(f)
  mi <- mi[!(mi$op == "~*~"), ]
  result$indices <- data.frame(cell = paste(mi$lhs, mi$op, mi$rhs), group = if (is.null(mi$group)) 1 else mi$group,
    mi = mi$mi, epc = mi$epc, sepc_lv = mi$sepc.lv, sepc_all = mi$sepc.all, sepc_nox = mi$sepc.nox)
  if (name %in% c("scalar", "labels", "ordinal_scalar")) {
    test <- lavTestScore(f); result$score_test <- list(total = unbox(test$test$X2), df = unbox(test$test$df), each = test$uni$X2)
  }
  if (name == "labels") {
    wald <- lavTestWald(f, "a == 1\n.p6. == .p7."); result$wald <- lapply(wald[c("stat", "df", "p.value")], unbox)
  }
  result
})
write_json(out, "scores_and_indices.json", digits = 10, na = "null", dataframe = "columns")
