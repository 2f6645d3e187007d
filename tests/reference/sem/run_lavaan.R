# Fit the cases of a JSON file with lavaan and write what it finds: Rscript run_lavaan.R cases.json data/ out.json
suppressMessages({library(lavaan); library(jsonlite)})
path <- commandArgs(trailingOnly = TRUE)
cases <- fromJSON(path[1], simplifyDataFrame = FALSE, simplifyVector = TRUE)
number <- function(x) if (length(x) == 1 && is.na(x)) NULL else signif(as.numeric(x), 12)
fits <- list()
out <- lapply(cases, function(case) {
  data <- read.csv(file.path(path[2], case$data))
  args <- case$args
  names(args) <- gsub("_", ".", names(args))
  if (!is.null(case$sample_cov_of)) {
    variables <- intersect(names(data), all.vars(parse(text = gsub("=~", "~", case$model))))
    parts <- if (case$sample_cov_of == "all") list(data) else split(data, data[[case$sample_cov_of]])
    covs <- lapply(parts, function(part) cov(part[variables]))
    args$sample.cov <- if (length(covs) == 1) covs[[1]] else covs
    args$sample.nobs <- unname(sapply(parts, nrow))
  } else args$data <- data
  # the unrestricted moments to full precision: the default EM stops at changes of 1e-5
  if (identical(args$missing, "fiml")) args <- c(args, list(em.h1.tol = 1e-10, em.h1.iter.max = 2000))
  warned <- character(0)
  fit <- withCallingHandlers(
    try(do.call(case$call, c(list(model = case$model), args)), silent = TRUE),
    warning = function(w) { warned <<- c(warned, conditionMessage(w)); invokeRestart("muffleWarning") })
  if (inherits(fit, "try-error")) return(list(name = case$name, error = as.character(fit)))
  fits[[case$name]] <<- fit
  rows <- parameterEstimates(fit, standardized = TRUE)
  group <- if (is.null(rows$group)) rep(1, nrow(rows)) else rows$group
  columns <- c("est", "se", "ci.lower", "ci.upper", "std.lv", "std.all")
  result <- list(
    name = case$name, converged = lavInspect(fit, "converged"), warnings = warned,
    rows = lapply(seq_len(nrow(rows)), function(i) c(rows$lhs[i], rows$op[i], rows$rhs[i], group[i])),
    values = lapply(seq_len(nrow(rows)), function(i) signif(as.numeric(rows[i, columns]), 10)),
    fit = if (lavInspect(fit, "converged")) as.list(signif(fitMeasures(fit), 12)))
  if (!is.null(case$compare_to) && result$converged) {
    test <- suppressWarnings(lavTestLRT(fits[[case$compare_to]], fit))
    result$difference <- signif(as.numeric(test[2, c("Chisq diff", "Df diff", "Pr(>Chisq)")]), 12)
  }
  result
})
write_json(out, path[3], auto_unbox = TRUE, digits = NA, na = "null")
